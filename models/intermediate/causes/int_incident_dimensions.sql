{{ config(
    materialized='incremental',
    incremental_strategy='since_restated',
    unique_key='active_until_date',
    on_schema_change='fail',
) }}

/*
    Grain: incident_id, dimension, value_text.

    What explains an incident: values of one dimension, and pairs of two, that carry more than a
    tenth of its delta. Ranked by that share times the surprise, the Jensen-Shannon term of the
    value's share of the cost before and after: a tenant that is half of the cost and half of the
    delta explains nothing. A pair that says no more than one of its values is left out; one that
    says little more comes after it.

    Versions come and go: their share before is that of the day before, and they make no pairs. One
    that replaced another as a whole says when, not where: any other value comes before it.
*/
{% set dimensions = cause_dimensions() %}
{% set sets = [] %}
{% for dimension in dimensions %}
    {% do sets.append([dimension]) %}
    {% for other in dimensions[loop.index:] %}
        {% if not (dimension.endswith('_version') or other.endswith('_version')) %}
            {% do sets.append([dimension, other]) %}
        {% endif %}
    {% endfor %}
{% endfor %}

with

usage as (

    select * from {{ ref('int_incident_usage_summed') }}
    where {{ since_restated('active_until_date') }}

),

summed as (

    select
        incident_id,
        active_until_date,
        {% for dimension in dimensions %}
            {{ dimension }},
            grouping({{ dimension }}) as is_all_{{ dimension }},
        {% endfor %}
        sum(case when side = 'after' then cost_usd_twelfths else 0 end) as after_twelfths,
        sum(case when side = 'before' then cost_usd_twelfths else 0 end) as before_twelfths,
        sum(case when side = 'eve' then cost_usd_twelfths else 0 end) as eve_twelfths
    from usage
    group by grouping sets (
        (incident_id, active_until_date),
        {% for set in sets %}
            (incident_id, active_until_date, {{ set | join(', ') }}){{ ',' if not loop.last }}
        {% endfor %}
    )

),

named as (

    select
        incident_id,
        active_until_date,
        after_twelfths,
        before_twelfths,
        eve_twelfths,
        0 in (is_all_prompt_version, is_all_route_policy_version) as is_version,
        {{ dimensions | length }}
        {% for dimension in dimensions %}
            - is_all_{{ dimension }}
        {% endfor %} as dimension_count,
        {{ grouped_texts(dimensions, names=true) }} as dimension,
        {{ grouped_texts(dimensions) }} as value_text
    from summed

),

totals as (

    select
        incident_id,
        after_twelfths,
        before_twelfths,
        eve_twelfths
    from named
    where dimension_count = 0

),

based as (

    select
        named.incident_id,
        named.active_until_date,
        named.is_version,
        named.dimension_count,
        named.dimension,
        named.value_text,
        named.after_twelfths,
        case
            when named.is_version and totals.eve_twelfths > 0
                then cast(
                    cast(totals.before_twelfths as double)
                    * cast(named.eve_twelfths as double) / cast(totals.eve_twelfths as double)
                    as decimal(38, 12)
                )
            else named.before_twelfths
        end as before_twelfths
    from named
    inner join totals
        on named.incident_id = totals.incident_id
    where named.dimension_count > 0

),

shared as (

    select
        based.*,
        totals.after_twelfths - totals.before_twelfths as all_delta_twelfths,
        {{ share_of(
            '(based.after_twelfths - based.before_twelfths)',
            '(totals.after_twelfths - totals.before_twelfths)',
        ) }} as explanatory_share,
        coalesce({{ share_of('based.after_twelfths', 'totals.after_twelfths') }}, 0)
            as share_after,
        coalesce({{ share_of('based.before_twelfths', 'totals.before_twelfths') }}, 0)
            as share_before,
        {{ share_of(
            '(totals.after_twelfths - based.after_twelfths)',
            '(totals.before_twelfths - based.before_twelfths)',
        ) }} - 1 as rest_change_share,
        min(based.dimension_count) over (
            partition by based.incident_id, based.after_twelfths, based.before_twelfths
        ) as fewest_dimensions
    from based
    inner join totals
        on based.incident_id = totals.incident_id

),

surprising as (

    select
        *,
        0.5 * (
            case
                when share_before > 0
                    then share_before * ln(2 * share_before / (share_before + share_after))
                else 0
            end
            + case
                when share_after > 0
                    then share_after * ln(2 * share_after / (share_before + share_after))
                else 0
            end
        ) as surprise
    from shared
    where
        dimension_count = fewest_dimensions
        and explanatory_share > 0.1

),

scored as (

    select
        *,
        is_version and share_before < 0.1 and share_after > 0.9 as is_replacement,
        cast(
            explanatory_share * surprise * case when dimension_count = 1 then 1 else 0.8 end
            as decimal(38, 12)
        ) as score
    from surprising
    where surprise > 0.000001

),

ranked as (

    select
        *,
        row_number() over (
            partition by incident_id, is_replacement
            order by score desc, dimension_count asc, dimension asc, value_text asc
        ) as score_rank
    from scored

),

-- Up to eight values that say where, and two that say when.
numbered as (

    select
        *,
        row_number() over (
            partition by incident_id
            order by case when is_replacement then 1 else 0 end, score_rank
        ) as surprise_rank
    from ranked
    where score_rank <= case when is_replacement then 2 else 8 end

),

final as (

    select
        incident_id,
        dimension,
        value_text,
        cast(surprise_rank as integer) as surprise_rank,
        cast(cast(after_twelfths - before_twelfths as double) / 12 as decimal(38, 12))
            as cost_delta_usd,
        explanatory_share,
        surprise,
        share_before,
        share_after,
        rest_change_share,
        active_until_date
    from numbered

)

select * from final
