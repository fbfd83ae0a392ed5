{# Keeps an incremental run of an append-only model from adding a row it holds already. #}
{% macro unless_known(relation, columns) %}
    {%- if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as known
        where
            {%- for column in columns %}
            {{ 'and ' if not loop.first -}}
            known.{{ column }} is not distinct from {{ relation }}.{{ column }}
            {%- endfor %}
    )
    {%- endif %}
{% endmacro %}
