{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='active_until_date',
    on_schema_change='fail',
) }}

/*
    Grain: incident_id, driver.

    The exact Shapley decomposition of an incident's cost: the cost model is worked out for every
    coalition of drivers, those in it as in the incident, the others as before. A driver gets the
    mean of what its change adds over all orders of changes, so no order is preferred and nothing
    is left over. Products are DOUBLE, their sums DECIMAL: the order of rows changes no digit. The
    last digits go to the largest driver.
*/
{% set drivers = cause_drivers() %}
{% set factorial = namespace(value=1) %}
{% for number in range(1, drivers | length + 1) %}
    {% set factorial.value = factorial.value * number %}
{% endfor %}
{% set side = namespace(of={}) %}
{% for driver, factors in drivers %}
    {% for factor in factors %}
        {% do side.of.update({
            factor: 'case when coalitions.has_' ~ driver ~ ' = 1 then models.' ~ factor
            ~ '_after else models.' ~ factor ~ '_before end'
        }) %}
    {% endfor %}
{% endfor %}

with

models as (

    select * from {{ ref('int_incident_models_compared') }}
    where {{ since_restated('active_until_date') }}

),

totals as (

    select
        incident_id,
        cast(sum(cost_usd) as decimal(38, 12)) as cost_usd,
        cast(sum(expected_usd) as decimal(38, 12)) as expected_usd
    from {{ ref('int_incident_hours') }}
    where expected_usd is not null
    group by incident_id

),

coalitions as (

    select
        {% for driver, factors in drivers %}
            {{ driver }}.bit as has_{{ driver }},
        {% endfor %}
        {{ drivers | map('first') | join('.bit + ') }}.bit as size
    from (values (0), (1)) as {{ drivers[0][0] }} (bit)
    {% for driver, factors in drivers[1:] %}
        cross join (values (0), (1)) as {{ driver }} (bit)
    {% endfor %}

),

chosen as (

    select
        models.incident_id,
        models.active_until_date,
        {% for driver, factors in drivers %}
            coalitions.has_{{ driver }},
        {% endfor %}
        {% for factor, expression in side.of.items() %}
            {{ expression }} as {{ factor }}_factor,
        {% endfor %}
        coalitions.size
    from models
    cross join coalitions

),

worth as (

    select
        incident_id,
        active_until_date,
        {% for driver, factors in drivers %}
            has_{{ driver }},
        {% endfor %}
        size,
        sum(
            cast(
                volume_factor * attempts_factor * known_factor * mix_factor * (
                    input_factor * (
                        (1 - cache_factor) * input_price_factor
                        + cache_factor * read_price_factor
                    )
                    + output_factor * output_price_factor
                    + other_factor
                ) as decimal(38, 18)
            )
        ) + max(cast(volume_factor * attempts_factor * stray_factor as decimal(38, 18)))
            as worth_usd
    from chosen
    group by
        incident_id,
        active_until_date,
        {% for driver, factors in drivers %}
            has_{{ driver }},
        {% endfor %}
        size

),

unrounded as (

    {% for driver, factors in drivers %}
        select
            incident_id,
            active_until_date,
            '{{ driver }}' as driver,
            {{ loop.index }} as driver_number,
            sum(
                cast(
                    cast(worth_usd as double) * case size
                        {% for size, member, outsider in shapley_weights(drivers | length) %}
                            when {{ size }}
                                then case
                                    when has_{{ driver }} = 1 then {{ member }}
                                    else -{{ outsider }}
                                end
                        {% endfor %}
                    end / {{ factorial.value }} as decimal(38, 18)
                )
            ) as delta_usd
        from worth
        group by
            incident_id,
            active_until_date

        {{ 'union all' if not loop.last }}

    {% endfor %}

),

rounded as (

    select
        unrounded.incident_id,
        unrounded.active_until_date,
        unrounded.driver,
        unrounded.driver_number,
        cast(unrounded.delta_usd as decimal(38, 12)) as delta_usd,
        cast(totals.cost_usd - totals.expected_usd as decimal(38, 12)) as incident_delta_usd,
        row_number() over (
            partition by unrounded.incident_id
            order by
                abs(cast(unrounded.delta_usd as decimal(38, 12))) desc,
                unrounded.driver_number
        ) as size_rank
    from unrounded
    inner join totals
        on unrounded.incident_id = totals.incident_id

),

settled as (

    select
        *,
        cast(
            delta_usd + case
                when size_rank = 1
                    then incident_delta_usd - sum(delta_usd) over (partition by incident_id)
                else 0
            end as decimal(38, 12)
        ) as cost_delta_usd
    from rounded

),

final as (

    select
        incident_id,
        driver,
        cast(driver_number as integer) as driver_number,
        cost_delta_usd,
        {{ share_of('cost_delta_usd', 'incident_delta_usd') }} as share,
        incident_delta_usd,
        active_until_date
    from settled

)

select * from final
