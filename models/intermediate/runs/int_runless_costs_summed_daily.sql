{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='event_date',
    on_schema_change='fail',
) }}

/*
    Grain: event_date, reporting_date, workflow_id.
    Calls that belong to no run, so that they stand beside the runs of their workflow; those
    without a workflow either, beside the runs without one.
*/
with

calls as (

    select
        event_date,
        {{ reporting_date('started_at', 'event_date') }} as reporting_date,
        {{ or_unattributed('workflow_id') }} as workflow_id,
        component_index,
        pricing_status,
        billed_cost_usd
    from {{ ref('int_calls_priced') }}
    where
        run_id is null
        and {{ in_touched_dates('event_date') }}

),

final as (

    select
        event_date,
        reporting_date,
        workflow_id,
        count(*) filter (where component_index = 0) as call_count,
        count(*) filter (where component_index = 0 and pricing_status = 'unpriced')
            as unpriced_call_count,
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd
    from calls
    group by
        event_date,
        reporting_date,
        workflow_id

)

select * from final
