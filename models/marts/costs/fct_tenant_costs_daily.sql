{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='cost_date',
    on_schema_change='fail',
) }}

/* Grain: cost_date, tenant_id. Days are days of the reporting zone. */
with

hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_reporting_days('reporting_date') }}

),

final as (

    select
        reporting_date as cost_date,
        tenant_id,
        {{ summed_costs() }}
    from hourly
    group by
        reporting_date,
        tenant_id

)

select * from final
