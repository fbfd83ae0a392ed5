{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, hour_number, tenant_id, feature, workload_class, environment.

    The hours in which a tenant used a workload; hours without a call have no row here. Only these
    rows are stored of all the calls for detection. What nobody can price counts as a call and adds
    no dollars.
*/
with

hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_dates('event_date') }}

),

final as (

    select
        event_date,
        {{ epoch_hour('hour_at') }} as hour_number,
        tenant_id,
        feature,
        workload_class,
        environment,
        {{ workload_text('hourly') }} as workload,

        ---------- counts
        {% for count in metric_counts() if count.endswith('_count') %}
            cast(sum({{ count }}) as bigint) as {{ count }},
        {% endfor %}

        ---------- tokens
        cast(sum(coalesce(uncached_input_tokens, 0)) as bigint) as uncached_input_tokens,
        cast(sum(coalesce(cache_read_tokens, 0)) as bigint) as cache_read_tokens,
        cast(
            sum(coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0)) as bigint
        ) as cache_write_tokens,
        cast(sum(coalesce(output_tokens, 0)) as bigint) as output_tokens,
        cast(
            sum(case when operation = 'embeddings' then {{ all_tokens() }} else 0 end) as bigint
        ) as embed_tokens,
        cast(
            sum(case when operation = 'embeddings' then 0 else {{ all_tokens() }} end) as bigint
        ) as generation_tokens,

        ---------- money
        cast(sum(coalesce(billed_cost_usd, 0)) as decimal(38, 12)) as cost_usd
    from hourly
    group by
        event_date,
        hour_at,
        tenant_id,
        feature,
        workload_class,
        environment

)

select * from final
