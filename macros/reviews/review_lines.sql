{#
    One select of the weekly review from a relation with `week_start_date`: what is not given is
    NULL. Money goes into the columns that end with _usd, everything else into _number.
#}
{% macro review_line(
    relation, section, metric, unit, subject_type, subject, rank, value, previous=none, low=none,
    high=none, status=none, period_start_date=none, note=none, condition='true'
) -%}
    {%- set suffix = 'usd' if unit == 'usd' else 'number' -%}
    {%- set given = {
        'value_' ~ suffix: value,
        'previous_value_' ~ suffix: previous,
        'low_' ~ suffix: low,
        'high_' ~ suffix: high,
    } -%}
    select
            week_start_date,
            '{{ section }}' as section,
            cast({{ rank }} as integer) as section_rank,
            {{ subject_type }} as subject_type,
            {{ subject }} as subject,
            cast({{ period_start_date or 'null' }} as date) as period_start_date,
            {{ metric }} as metric,
            '{{ unit }}' as unit,
            {% for name in review_value_columns() %}
                cast(
                    {{ given.get(name) or 'null' }}
                    as {{ 'decimal(38, 12)' if name.endswith('_usd') else 'double' }}
                ) as {{ name }},
            {% endfor %}
            cast({{ status or 'null' }} as varchar) as status,
            cast({{ note or 'null' }} as varchar) as note
        from {{ relation }}
        where {{ condition }}
{%- endmacro %}

{% macro review_value_columns() -%}
    {{ return([
        'value_usd',
        'previous_value_usd',
        'low_usd',
        'high_usd',
        'value_number',
        'previous_value_number',
    ]) }}
{%- endmacro %}

{# Measures that are compared with the week before, each with its unit, over a pair of weeks. #}
{% macro review_measures() -%}
    {{ return({
        'billed_cost_usd': 'usd',
        'call_count': 'count',
        'operation_count': 'count',
        'unpriced_call_count': 'count',
        'cost_per_call_usd': 'usd',
        'cost_per_operation_usd': 'usd',
        'cost_per_1k_tokens_usd': 'usd',
        'cache_hit_share': 'share',
        'cache_read_share': 'share',
        'retry_share': 'share',
        'fallback_share': 'share',
        'batch_share': 'share',
        'failed_share': 'share',
        'p90_input_tokens': 'tokens',
    }) }}
{%- endmacro %}

{# Number words for a note: `1 day`, `3 days`. #}
{% macro counted(count, noun) -%}
    concat(
        cast({{ count }} as varchar), ' ', {{ noun }},
        case when {{ count }} = 1 then '' else 's' end
    )
{%- endmacro %}
