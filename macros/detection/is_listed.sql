{# Whether a text is one of a list like `batch,evals`; a leading minus is not part of the list. #}
{% macro is_listed(text, list) -%}
    coalesce(
        concat(',', replace({{ list }}, '-', ''), ',') like concat('%,', replace({{ text }}, '-', ''), ',%'),
        false
    )
{%- endmacro %}
