{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='cost_date',
    on_schema_change='fail',
) }}

/*
    Grain: cost_date, api_key_id, project_id, endpoint, provider, model.
    Spend without a tenant or a feature, by the signature a mapping rule could match.
*/
with

hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where
        {{ in_touched_reporting_days('reporting_date') }}
        and {{ is_unattributed() }}

),

final as (

    select
        reporting_date as cost_date,
        api_key_id,
        project_id,
        endpoint,
        provider,
        model,
        min(hour_at) as first_hour_at,
        max(hour_at) as last_hour_at,
        cast(sum(call_count) as bigint) as call_count,
        cast(
            sum(case when tenant_attribution_source = 'none' then call_count else 0 end) as bigint
        ) as call_count_without_tenant,
        cast(
            sum(case when feature_attribution_source = 'none' then call_count else 0 end) as bigint
        ) as call_count_without_feature,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd
    from hourly
    group by
        reporting_date,
        api_key_id,
        project_id,
        endpoint,
        provider,
        model

)

select * from final
