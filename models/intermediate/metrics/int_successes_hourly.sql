{{ config(materialized='table') }}

/*
    Grain: entity_type, entity, hour_number; tasks with calls, in the hour in which they
    succeeded. A success that was told before the first call counts in the hour of that call.
*/
with

tasks as (

    select * from {{ ref('int_tasks') }}

),

succeeded as (

    select
        tenant_id,
        {{ workload_text('tasks') }} as workload,
        {{ epoch_hour('greatest(succeeded_at, opened_at)') }} as hour_number
    from tasks
    where
        has_calls
        and outcome = 'success'

),

final as (

    {% for entity_type, entity in detected_entities() %}
        select
            '{{ entity_type }}' as entity_type,
            {{ entity }} as entity,
            hour_number,
            count(*) as success_count
        from succeeded
        group by {{ 'hour_number' if entity.startswith("'") else 'hour_number, ' ~ entity }}

        {{ 'union all' if not loop.last }}

    {% endfor %}

)

select * from final
