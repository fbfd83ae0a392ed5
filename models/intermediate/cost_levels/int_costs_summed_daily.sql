{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='cost_date',
    on_schema_change='fail',
) }}

/*
    Grain: cost_date, provider, tenant_id, feature, team, environment, workload_class, operation.
    The hourly costs without what no cost level asks for: the months above are sums of these rows.
*/
{% set key = [
    'provider', 'tenant_id', 'feature', 'team', 'environment', 'workload_class', 'operation'
] %}

with

hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_reporting_days('reporting_date') }}

),

final as (

    select
        reporting_date as cost_date,
        {{ key | join(',\n        ') }},
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        cast(
            sum(
                coalesce(uncached_input_tokens, 0)
                + coalesce(cache_read_tokens, 0)
                + coalesce(cache_write_5m_tokens, 0)
                + coalesce(cache_write_1h_tokens, 0)
            ) as bigint
        ) as input_tokens,
        cast(sum(coalesce(output_tokens, 0)) as bigint) as output_tokens,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd,
        cast(sum(chargeable_cost_usd) as decimal(38, 12)) as chargeable_cost_usd
    from hourly
    group by reporting_date, {{ key | join(', ') }}

)

select * from final
