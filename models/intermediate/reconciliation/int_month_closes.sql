/*
    Grain: billing_month; when it was closed last.
*/
with

closes as (

    select * from {{ ref('stg_lake__month_closes') }}

),

final as (

    select
        billing_month,
        max(closed_at) as closed_at
    from closes
    group by billing_month

)

select * from final
