/*
    Every landed call and every token of it is in the hourly costs, on its own UTC date.
    Starts from the lake's files, so a row lost or doubled by a join on the way is seen.
    Rows returned are dates whose two sides differ.
*/
{% set measures = ['call_count'] + usage_columns() + ['audio_seconds', 'source_cost_usd'] %}

with

landed as (

    select
        event_date,
        sum(case when component_index = 0 then 1 else 0 end) as call_count,
        {% for column in measures[1:] %}
            sum({{ column }}) as {{ column }},
        {% endfor %}
        count(*) as row_count
    from {{ source('lake', 'calls') }}
    where is_current and {{ in_touched_dates('event_date') }}
    group by event_date

),

rolled_up as (

    select
        event_date,
        {% for column in measures %}
            sum({{ column }}) as {{ column }},
        {% endfor %}
        count(*) as row_count
    from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_dates('event_date') }}
    group by event_date

)

select
    coalesce(landed.event_date, rolled_up.event_date) as event_date,
    landed.call_count as landed_call_count,
    rolled_up.call_count as rolled_up_call_count,
    landed.output_tokens as landed_output_tokens,
    rolled_up.output_tokens as rolled_up_output_tokens
from landed
full outer join rolled_up
    on landed.event_date = rolled_up.event_date
where
    landed.event_date is null
    or rolled_up.event_date is null
    {% for column in measures %}
        or landed.{{ column }} is distinct from rolled_up.{{ column }}
    {% endfor %}
