/*
No two price keys share a hash: calls find their prices by it, and would be priced twice.
Rows returned are hashes of more than one key.
*/
with

price_keys as (

    select * from {{ ref('int_price_keys_collected') }}

)

select
    {{ price_key_hash('price_keys') }} as price_key_hash,
    count(*) as key_count
from price_keys
group by {{ price_key_hash('price_keys') }}
having count(*) > 1
