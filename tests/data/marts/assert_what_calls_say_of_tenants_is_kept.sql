/*
    A tenant that a call names is the tenant it is charged to; rules fill gaps only.
    Starts from the lake's files. Rows returned are dates and tenants whose calls differ.
*/
with

landed as (

    select
        event_date,
        tenant_id,
        sum(case when component_index = 0 then 1 else 0 end) as call_count,
        sum(output_tokens) as output_tokens
    from {{ source('lake', 'calls') }}
    where is_current and tenant_id is not null and {{ in_touched_dates('event_date') }}
    group by
        event_date,
        tenant_id

),

rolled_up as (

    select
        event_date,
        tenant_id,
        sum(call_count) as call_count,
        sum(output_tokens) as output_tokens
    from {{ ref('fct_costs_hourly') }}
    where tenant_attribution_source = 'event' and {{ in_touched_dates('event_date') }}
    group by
        event_date,
        tenant_id

)

select
    coalesce(landed.event_date, rolled_up.event_date) as event_date,
    coalesce(landed.tenant_id, rolled_up.tenant_id) as tenant_id,
    landed.call_count as landed_call_count,
    rolled_up.call_count as rolled_up_call_count
from landed
full outer join rolled_up
    on
        landed.event_date = rolled_up.event_date
        and landed.tenant_id = rolled_up.tenant_id
where
    landed.call_count is distinct from rolled_up.call_count
    or landed.output_tokens is distinct from rolled_up.output_tokens
