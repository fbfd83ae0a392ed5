/*
    Every dollar and every call is in one task or in no task, never both, never neither: by UTC
    date in the sums, and in total in each table people read. The other side is the hourly cube,
    which knows nothing of tasks.
    Rows returned are the sides that differ.
*/
with

ledger as (

    select
        event_date,
        sum(call_count) as call_count,
        coalesce(sum(billed_cost_usd), 0) as cost_usd
    from {{ ref('fct_costs_hourly') }}
    group by event_date

),

by_date as (

    select
        event_date,
        sum(call_count) as call_count,
        coalesce(sum(cost_usd), 0) as cost_usd
    from (
        select
            event_date,
            call_count,
            billed_cost_usd as cost_usd
        from {{ ref('int_task_costs_summed_daily') }}
        where {{ in_touched_dates('event_date') }}
        union all
        select
            event_date,
            untasked_call_count as call_count,
            untasked_cost_usd as cost_usd
        from {{ ref('int_untasked_costs_summed_daily') }}
        where {{ in_touched_dates('event_date') }}
    ) as sides
    group by event_date

),

sides as (

    {% for mart in ['fct_task_costs_by_version_daily', 'fct_tasks'] %}
        select
            '{{ mart }}' as side,
            sum(call_count) as call_count,
            sum(billed_cost_usd) as cost_usd
        from {{ ref(mart) }}
        union all
        select
            '{{ mart }}' as side,
            sum(untasked_call_count) as call_count,
            sum(untasked_cost_usd) as cost_usd
        from {{ ref('int_untasked_costs_summed_daily') }}
        union all
    {% endfor %}
    select
        'fct_task_costs_daily' as side,
        sum(call_count + untasked_call_count) as call_count,
        sum(coalesce(billed_cost_usd, 0) + coalesce(untasked_cost_usd, 0)) as cost_usd
    from {{ ref('fct_task_costs_daily') }}

),

totals as (

    select
        side,
        coalesce(sum(call_count), 0) as call_count,
        coalesce(sum(cost_usd), 0) as cost_usd
    from sides
    group by side

),

expected as (

    select
        coalesce(sum(call_count), 0) as call_count,
        coalesce(sum(cost_usd), 0) as cost_usd
    from ledger

)

select
    totals.side,
    totals.call_count,
    expected.call_count as ledger_call_count,
    totals.cost_usd,
    expected.cost_usd as ledger_cost_usd
from totals
cross join expected
where
    totals.call_count <> expected.call_count
    or totals.cost_usd <> expected.cost_usd

union all

select
    cast(ledger.event_date as varchar) as side,
    by_date.call_count,
    ledger.call_count as ledger_call_count,
    by_date.cost_usd,
    ledger.cost_usd as ledger_cost_usd
from ledger
left join by_date
    on ledger.event_date = by_date.event_date
where
    {{ in_touched_dates('ledger.event_date') }}
    and (
        by_date.event_date is null
        or by_date.call_count <> ledger.call_count
        or by_date.cost_usd <> ledger.cost_usd
    )
