{#
    A 64-bit hash, for finding candidates cheaply. Two values may share a hash: whoever uses it
    must decide on the value itself afterwards.
#}
{% macro hash_64(column) -%}
    {{ return(adapter.dispatch('hash_64')(column)) }}
{%- endmacro %}

{% macro default__hash_64(column) -%}
    xxhash64({{ column }})
{%- endmacro %}

{% macro duckdb__hash_64(column) -%}
    hash({{ column }})
{%- endmacro %}
