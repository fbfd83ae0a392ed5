/*
    Every landed call is in the sums of its run, or of the calls without one, on its own UTC date.
    Starts from the lake's files, so a call lost or doubled by a join on the way is seen.
    Rows returned are dates whose two sides differ.
*/
with

landed as (

    select
        event_date,
        sum(case when component_index = 0 and run_id is not null then 1 else 0 end) as run_calls,
        sum(case when component_index = 0 and run_id is null then 1 else 0 end) as other_calls,
        coalesce(sum(case when run_id is not null then output_tokens end), 0) as run_output_tokens
    from {{ source('lake', 'calls') }}
    where is_current and {{ in_touched_dates('event_date') }}
    group by event_date

),

sums as (

    select
        event_date,
        call_count as run_calls,
        0 as other_calls,
        output_tokens as run_output_tokens
    from {{ ref('int_run_costs_summed_daily') }}
    where {{ in_touched_dates('event_date') }}

    union all

    select
        event_date,
        0 as run_calls,
        call_count as other_calls,
        0 as run_output_tokens
    from {{ ref('int_runless_costs_summed_daily') }}
    where {{ in_touched_dates('event_date') }}

),

summed as (

    select
        event_date,
        sum(run_calls) as run_calls,
        sum(other_calls) as other_calls,
        coalesce(sum(run_output_tokens), 0) as run_output_tokens
    from sums
    group by event_date

)

select
    coalesce(landed.event_date, summed.event_date) as event_date,
    landed.run_calls as landed_run_calls,
    summed.run_calls as summed_run_calls,
    landed.other_calls as landed_other_calls,
    summed.other_calls as summed_other_calls
from landed
full outer join summed
    on landed.event_date = summed.event_date
where
    landed.run_calls is distinct from summed.run_calls
    or landed.other_calls is distinct from summed.other_calls
    or landed.run_output_tokens is distinct from summed.run_output_tokens
