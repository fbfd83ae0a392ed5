/*
    Grain: billing_month; months whose close has been written.
*/
with

source as (

    select * from {{ source('bills', 'month_closes') }}

),

renamed as (

    select
        billing_month,
        closed_at,
        reason
    from source

)

select * from renamed
