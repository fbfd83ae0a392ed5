/*
    Grain: rule_id.
    One order among all rules, so that whichever set matches a call, the same rule wins:
    priority, then how many columns it names, then its id.
*/
with

rules as (

    select * from {{ ref('attribution_rules') }}

),

final as (

    select
        rule_id,
        api_key_id,
        project_id,
        endpoint,
        tenant_id,
        feature,
        team,
        environment,
        workload_class,
        coalesce(valid_from, {{ beginning_of_time() }}) as valid_from,
        coalesce(valid_to, {{ end_of_time() }}) as valid_to,
        row_number() over (
            order by
                priority,
                case when api_key_id = '*' then 1 else 0 end
                + case when project_id = '*' then 1 else 0 end
                + case when endpoint = '*' then 1 else 0 end,
                rule_id
        ) as rule_rank
    from rules

)

select * from final
