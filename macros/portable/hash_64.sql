{#
    One 64-bit hash of columns of a relation together, NULL being a value like any other.

    Two different rows may share a hash. Whoever uses it either decides on the columns themselves
    afterwards, or tests that no two combinations share one. The function belongs to the engine's
    version: a stored hash is compared with stored ones only, never with one made by a reader.
#}
{% macro hash_64(relation, columns) -%}
    {{ return(adapter.dispatch('hash_64')(relation, columns)) }}
{%- endmacro %}

{# Spark's xxhash64 passes over a NULL, wherever it stands: that it is NULL is hashed too. #}
{% macro default__hash_64(relation, columns) -%}
    xxhash64({% for column in columns %}
        {{- relation }}.{{ column }}, {{ relation }}.{{ column }} is null
        {{- ', ' if not loop.last }}
    {%- endfor %})
{%- endmacro %}

{% macro duckdb__hash_64(relation, columns) -%}
    hash({% for column in columns %}
        {{- relation }}.{{ column }}{{ ', ' if not loop.last }}
    {%- endfor %})
{%- endmacro %}
