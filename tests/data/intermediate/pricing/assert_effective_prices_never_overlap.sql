/*
At any moment, time of day and input size, a model has at most one price per tier and project
scope. Two would double every call that meets them. Rows returned are pairs that overlap.
*/
with

prices as (

    select * from {{ ref('int_prices_effective') }}

)

select
    earlier.price_id,
    later.price_id as other_price_id
from prices as earlier
inner join prices as later
    on
        earlier.provider = later.provider
        and earlier.model = later.model
        and earlier.project_scope = later.project_scope
        and earlier.service_tier = later.service_tier
where
    earlier.price_id < later.price_id
    and earlier.valid_from < later.valid_until
    and later.valid_from < earlier.valid_until
    and earlier.daily_from_us < later.daily_to_us
    and later.daily_from_us < earlier.daily_to_us
    and earlier.input_tokens_over < later.input_tokens_up_to
    and later.input_tokens_over < earlier.input_tokens_up_to
