{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='active_until_date',
    on_schema_change='fail',
) }}

/*
    Grain: incident_id. What a person is told of an incident: each ratio before and after, and the
    model whose share of the attempts rose most.
*/
{% set sides = ['before', 'after'] %}

with

usage as (

    select * from {{ ref('int_incident_usage_summed') }}
    where {{ since_restated('active_until_date') }}

),

models as (

    select * from {{ ref('int_incident_models_compared') }}
    where {{ since_restated('active_until_date') }}

),

summed as (

    select
        incident_id,
        {% for side in sides %}
            {% for measure, expression in cause_measures() %}
                sum(
                    case
                        when side = '{{ side }}' then {{ measure }}_twelfths
                        else 0
                    end
                ) as {{ measure }}_{{ side }},
            {% endfor %}
        {% endfor %}
        active_until_date
    from usage
    group by
        incident_id,
        active_until_date

),

unpriced as (

    select
        incident_id,
        sum(
            case
                when side = 'after'
                    then attempt_count_twelfths - priced_attempt_count_twelfths
            end
        )
            as unpriced_twelfths
    from usage
    group by incident_id

),

risen as (

    select
        incident_id,
        model,
        mix_before,
        mix_after,
        row_number() over (
            partition by incident_id
            order by cast(mix_after - mix_before as decimal(18, 9)) desc, model asc, provider asc
        ) as rise_rank
    from models

),

teams as (

    select
        incident_id,
        team,
        row_number() over (
            partition by incident_id
            order by sum(cost_usd_twelfths) desc, team asc
        ) as cost_rank
    from usage
    where side = 'after'
    group by
        incident_id,
        team

),

final as (

    select
        summed.incident_id,
        summed.active_until_date,
        {% for side in sides %}
            cast(summed.operation_count_{{ side }} as double) / 12 as operation_count_{{ side }},
            {{ share_of('summed.attempt_count_' ~ side, 'summed.operation_count_' ~ side) }}
                as attempts_per_operation_{{ side }},
            {{ share_of('summed.input_tokens_' ~ side, 'summed.priced_attempt_count_' ~ side) }}
                as input_tokens_per_call_{{ side }},
            {{ share_of('summed.cache_read_tokens_' ~ side, 'summed.input_tokens_' ~ side) }}
                as cache_read_share_{{ side }},
            {{ share_of('summed.output_tokens_' ~ side, 'summed.priced_attempt_count_' ~ side) }}
                as output_tokens_per_call_{{ side }},
            {{ share_of('summed.cost_usd_' ~ side, 'summed.operation_count_' ~ side) }}
                as cost_per_operation_{{ side }}_usd,
            risen.mix_{{ side }} as risen_model_share_{{ side }},
        {% endfor %}
        risen.model as risen_model,
        teams.team,
        cast(cast(unpriced.unpriced_twelfths as double) / 12 as bigint) as unpriced_call_count
    from summed
    inner join unpriced
        on summed.incident_id = unpriced.incident_id
    left join risen
        on
            summed.incident_id = risen.incident_id
            and risen.rise_rank = 1
    left join teams
        on
            summed.incident_id = teams.incident_id
            and teams.cost_rank = 1

)

select * from final
