{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='cost_date',
    on_schema_change='fail',
) }}

/* Grain: cost_date, provider, model. Days are days of the reporting zone. */
with

hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_reporting_days('reporting_date') }}

),

final as (

    select
        reporting_date as cost_date,
        provider,
        model,
        {{ summed_costs() }}
    from hourly
    group by
        reporting_date,
        provider,
        model

)

select * from final
