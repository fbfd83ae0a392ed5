{% macro columns_equal(left_name, right_name, columns) %}
    {#- Joins on columns that are never NULL and have the same name on both sides. -#}
    {%- for column in columns %}
        {{- "and " if not loop.first }}{{ left_name }}.{{ column }} = {{ right_name }}.{{ column }}
    {% endfor %}
{% endmacro %}
