{# A workload's one text: feature|workload class|environment. #}
{% macro workload_text(relation) -%}
    concat(
            {{ relation }}.feature, '|', {{ relation }}.workload_class, '|',
            {{ relation }}.environment
        )
{%- endmacro %}

{# What is summed of every hour, whoever's hour it is. #}
{% macro metric_counts() -%}
    {{ return([
        'call_count',
        'operation_count',
        'retry_call_count',
        'fallback_call_count',
        'failed_call_count',
        'unpriced_call_count',
        'uncached_input_tokens',
        'cache_read_tokens',
        'cache_write_tokens',
        'output_tokens',
        'embed_tokens',
        'generation_tokens',
    ]) }}
{%- endmacro %}

{# Windows a rule may look at, in hours. #}
{% macro window_hours() -%}
    {{ return([1, 3, 6, 24]) }}
{%- endmacro %}

{# Every token of a row of fct_costs_hourly, each counted once. #}
{% macro all_tokens() -%}
    coalesce(uncached_input_tokens, 0)
                + coalesce(cache_read_tokens, 0)
                + coalesce(cache_write_5m_tokens, 0)
                + coalesce(cache_write_1h_tokens, 0)
                + coalesce(output_tokens, 0)
{%- endmacro %}

{# Whose hours are watched: the kind, and the expression that names one. #}
{% macro detected_entities() -%}
    {{ return([
        ('workload', 'workload'),
        ('tenant', 'tenant_id'),
        ('org', "'(all)'"),
    ]) }}
{%- endmacro %}

{# Named frames `last_1`, `last_3` …: so many hours, the current one last. #}
{% macro last_windows(partition, frame) -%}
    {%- for hours in window_hours() -%}
        last_{{ hours }} as (
            partition by {{ partition }}
            order by hour_number
            {{ frame }} between {{ hours - 1 }} preceding and current row
        ){{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Named frames `before_1`, `before_3` …: 168 windows that share no hour with the current one. #}
{% macro before_windows(partition) -%}
    {%- for hours in window_hours() -%}
        before_{{ hours }} as (
            partition by {{ partition }}
            order by hour_number
            range between {{ 167 + hours }} preceding and {{ hours }} preceding
        ){{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
