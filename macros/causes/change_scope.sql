{# `prod` and `production` are one environment; so are `dev` and `development`. #}
{% macro same_environment(environment) -%}
    case lower({{ environment }})
            when 'prod' then 'production'
            when 'dev' then 'development'
            else lower({{ environment }})
        end
{%- endmacro %}

{# Condition: what a change says of its scope holds for a row of usage; nothing said holds. #}
{% macro is_reached_by(change, usage) -%}
    {%- for column in ['team', 'workflow_id', 'tenant_id', 'provider', 'model'] -%}
        {{ ' and ' if not loop.first }}({{ change }}.{{ column }} is null
            {{- ' or lower(' ~ change ~ '.' ~ column ~ ') = lower(' ~ usage ~ '.' ~ column ~ '))' }}
    {%- endfor -%}
{%- endmacro %}

{# Condition: a row of usage carries the version that a change brought. #}
{% macro carries_version(change, usage) -%}
    {{ change }}.version in ({{ usage }}.prompt_version, {{ usage }}.route_policy_version)
{%- endmacro %}
