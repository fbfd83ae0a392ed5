{# An operation that the seed operation_kinds does not know is of another kind. #}
{% macro or_other(operation_kind) -%}
    coalesce({{ operation_kind }}, 'other')
{%- endmacro %}
