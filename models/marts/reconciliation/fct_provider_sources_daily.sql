/*
    Grain: provider, billing_account_id, usage_date, line_kind, source, dataset.
    Every origin that states a day of an account, and which one counts.
*/
with

origins as (

    select * from {{ ref('int_provider_origins_chosen') }}

),

final as (

    select
        usage_date,
        provider,
        billing_account_id,
        line_kind,
        source,
        dataset,
        origin,
        preference,
        line_count,
        cost,
        is_chosen
    from origins

)

select * from final
