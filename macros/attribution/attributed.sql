{# The event's own word, then the rule's, then '(unattributed)'. #}
{% macro attributed(column, said='calls', ruled='periods') -%}
    coalesce({{ said }}.{{ column }}, {{ ruled }}.{{ column }}, '(unattributed)')
{%- endmacro %}

{# Where an attributed field comes from: event, rule or none. #}
{% macro attribution_source(column, said='calls', ruled='periods') -%}
    case
        when {{ said }}.{{ column }} is not null then 'event'
        when {{ ruled }}.{{ column }} is not null then 'rule'
        else 'none'
    end
{%- endmacro %}

{# A dimension nobody attributes by rule: never NULL, never dropped. #}
{% macro or_unattributed(column) -%}
    coalesce({{ column }}, '(unattributed)')
{%- endmacro %}

{# Join condition: the period of the rules that holds for a row at an instant. #}
{% macro in_attribution_period(said, instant, ruled='periods') -%}
    {{ said }}.api_key_id is not distinct from {{ ruled }}.api_key_id
            and {{ said }}.project_id is not distinct from {{ ruled }}.project_id
            and {{ said }}.endpoint is not distinct from {{ ruled }}.endpoint
            and {{ instant }} >= {{ ruled }}.valid_from
            and {{ instant }} < {{ ruled }}.valid_to
{%- endmacro %}
