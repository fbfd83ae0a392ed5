{{ config(
    materialized='incremental',
    incremental_strategy='restated',
    unique_key='event_date',
    meta={'restated_by': 'touched_task_dates'},
    on_schema_change='fail',
) }}

/*
    Grain: event_date, reporting_date, tenant_id, feature.
    Calls that work for no task, so that they stand beside the tasks and not nowhere.
*/
with

calls as (

    select * from {{ ref('int_calls_priced') }}
    where
        task_id is null
        and {{ in_touched_task_dates('event_date') }}

),

matched as (

    select
        event_date,
        event_id
    from {{ ref('int_calls_matched_to_events') }}
    where
        decides_task
        and {{ in_touched_task_dates('event_date') }}

),

periods as (

    select * from {{ ref('int_attribution_periods') }}

),

untasked as (

    select
        calls.event_date,
        {{ reporting_date('calls.started_at', 'calls.event_date') }} as reporting_date,
        {{ attributed('tenant_id') }} as tenant_id,
        {{ attributed('feature') }} as feature,
        calls.component_index,
        calls.pricing_status,
        calls.billed_cost_usd
    from calls
    left join periods
        on {{ in_attribution_period('calls', 'calls.started_at') }}
    left join matched
        on
            calls.event_date = matched.event_date
            and calls.event_id = matched.event_id
    where matched.event_id is null

),

final as (

    select
        event_date,
        reporting_date,
        tenant_id,
        feature,
        count(*) filter (where component_index = 0) as untasked_call_count,
        count(*) filter (where component_index = 0 and pricing_status = 'unpriced')
            as untasked_unpriced_call_count,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as untasked_cost_usd
    from untasked
    group by
        event_date,
        reporting_date,
        tenant_id,
        feature

)

select * from final
