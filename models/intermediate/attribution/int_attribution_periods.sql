{{ config(materialized='table') }}

/*
    Grain: api_key_id, project_id, endpoint (NULL = the call names none), valid_from.

    What the mapping rules say of each signature that calls have, cut into periods in which no
    rule starts or ends. Rules are resolved once per signature, not once per call. Signatures no
    rule matches have no row: without rules the table is empty and the joins on it cost nothing.
*/
with

contexts as (

    select * from {{ ref('int_call_contexts') }}

),

rules as (

    select * from {{ ref('int_attribution_rules_ranked') }}

),

signatures as (

    select distinct
        api_key_id,
        project_id,
        endpoint
    from contexts

),

matches as (

    select
        signatures.api_key_id,
        signatures.project_id,
        signatures.endpoint,
        rules.rule_id,
        rules.rule_rank,
        rules.valid_from,
        rules.valid_to,
        rules.tenant_id,
        rules.feature,
        rules.team,
        rules.environment,
        rules.workload_class
    from signatures
    inner join rules
        on
            (rules.api_key_id = '*' or rules.api_key_id = signatures.api_key_id)
            and (rules.project_id = '*' or rules.project_id = signatures.project_id)
            and (rules.endpoint = '*' or rules.endpoint = signatures.endpoint)

),

edges as (

    select
        api_key_id,
        project_id,
        endpoint,
        valid_from as edge_at
    from matches
    union
    select
        api_key_id,
        project_id,
        endpoint,
        valid_to as edge_at
    from matches

),

periods as (

    select
        api_key_id,
        project_id,
        endpoint,
        edge_at as valid_from,
        lead(edge_at) over (
            partition by api_key_id, project_id, endpoint
            order by edge_at
        ) as valid_to
    from edges

),

final as (

    select
        periods.api_key_id,
        periods.project_id,
        periods.endpoint,
        periods.valid_from,
        {% for column in attributed_columns() %}
            {{ of_best_rule(column, column) }} as {{ column }},
            {{ of_best_rule('rule_id', column) }} as {{ column }}_rule_id,
        {% endfor %}
        periods.valid_to
    from periods
    inner join matches
        on
            periods.api_key_id is not distinct from matches.api_key_id
            and periods.project_id is not distinct from matches.project_id
            and periods.endpoint is not distinct from matches.endpoint
            and matches.valid_from <= periods.valid_from
            and matches.valid_to >= periods.valid_to
    where periods.valid_to is not null
    group by
        periods.api_key_id,
        periods.project_id,
        periods.endpoint,
        periods.valid_from,
        periods.valid_to

)

select * from final
