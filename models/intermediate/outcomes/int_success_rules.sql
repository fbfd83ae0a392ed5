{{ config(tags=['from_seeds']) }}

/*
    Grain: feature, event_name, outcome, min_value, max_value, label, valid_from.
    The seed with its texts in one case and its open ends closed. Where an event meets several
    rows, the lowest rule_rank decides: the row that asks for more, then success.
*/
with

rules as (

    select * from {{ ref('success_events') }}

),

final as (

    select
        feature,
        lower(event_name) as event_name,
        outcome,
        min_value,
        max_value,
        lower(label) as label,
        window_hours,
        coalesce(valid_from, cast({{ beginning_of_time() }} as date)) as valid_from,
        coalesce(valid_to, cast({{ end_of_time() }} as date)) as valid_to,
        case when event_name = '*' then 8 else 0 end
        + case when label is null then 4 else 0 end
        + case when min_value is null and max_value is null then 2 else 0 end
        + case when outcome = 'success' then 0 else 1 end as rule_rank
    from rules

)

select * from final
