/*
    Grain: started_date, workflow_id; days on which runs of the workflow began.

    What its runs of that day are held to: of the seed's rows that hold on the day the workflow's
    own, and where that says nothing the row of `*`. Typical steps are NULL where too few runs
    came before.
*/
{% set limits = [
    'max_cost_usd',
    'max_steps',
    'max_minutes',
    'runaway_multiple',
    'min_history_runs',
] %}

with

days as (

    select * from {{ ref('int_workflow_steps_typical') }}

),

rules as (

    select
        *,
        coalesce(valid_from, cast({{ beginning_of_time() }} as date)) as first_day,
        coalesce(valid_to, cast({{ end_of_time() }} as date)) as end_day
    from {{ ref('workflow_limits') }}

),

matched as (

    select
        days.started_date,
        days.workflow_id,
        rules.workflow_id = '*' as is_default,
        {% for column in limits %}
            rules.{{ column }},
        {% endfor %}
        row_number() over (
            partition by days.started_date, days.workflow_id, rules.workflow_id
            order by rules.first_day desc
        ) as recency
    from days
    inner join rules
        on
            rules.workflow_id in ('*', days.workflow_id)
            and days.started_date >= rules.first_day
            and days.started_date < rules.end_day

),

chosen as (

    select
        days.started_date,
        days.workflow_id,
        {% for column in limits %}
            coalesce(own.{{ column }}, general.{{ column }}) as {{ column }},
        {% endfor %}
        days.history_run_count,
        days.typical_step_count
    from days
    left join matched as own
        on
            days.started_date = own.started_date
            and days.workflow_id = own.workflow_id
            and own.recency = 1
            and not own.is_default
    left join matched as general
        on
            days.started_date = general.started_date
            and days.workflow_id = general.workflow_id
            and general.recency = 1
            and general.is_default

),

final as (

    select
        started_date,
        workflow_id,
        history_run_count,
        case when history_run_count >= coalesce(min_history_runs, 20) then typical_step_count end
            as typical_step_count,
        max_cost_usd,
        max_steps,
        max_minutes,
        runaway_multiple
    from chosen

)

select * from final
