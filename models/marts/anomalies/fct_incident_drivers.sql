/*
    Grain: incident_id, driver. What moved an incident's cost, driver by driver; exact.
    The parts sum to the cost of its hours less what their baseline hours cost.
*/
with

drivers as (

    select * from {{ ref('int_incident_drivers') }}

),

measures as (

    select * from {{ ref('int_incident_measures') }}

),

final as (

    select
        drivers.incident_id,
        drivers.driver,
        drivers.cost_delta_usd,
        drivers.share,
        drivers.incident_delta_usd,
        {% for side in ['before', 'after'] %}
            case drivers.driver
                when 'volume' then measures.operation_count_{{ side }}
                when 'retries' then measures.attempts_per_operation_{{ side }}
                when 'model_mix' then measures.risen_model_share_{{ side }}
                when 'input_tokens' then measures.input_tokens_per_call_{{ side }}
                when 'cache_share' then measures.cache_read_share_{{ side }}
                when 'output_tokens' then measures.output_tokens_per_call_{{ side }}
            end as figure_{{ side }},
        {% endfor %}
        case when drivers.driver = 'model_mix' then measures.risen_model end as risen_model,
        case when drivers.driver = 'untracked_price' then measures.unpriced_call_count end
            as unpriced_call_count
    from drivers
    left join measures
        on drivers.incident_id = measures.incident_id

)

select * from final
