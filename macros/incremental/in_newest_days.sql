{#
    The UTC dates that the newest hours can lie in, as a literal; as many as var `recent_hours`
    says if `hours` does not.
    The last day known to `relation` is one of the reporting zone: a day is added on both sides.
#}
{% macro in_newest_days(date_column, relation, day_column, hours=none) -%}
    {%- if not execute -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set newest = run_query('select max(' ~ day_column ~ ') from ' ~ relation) -%}
    {%- set last_day = newest.columns[0].values()[0] -%}
    {%- if last_day is none -%}
        {{ return('false') }}
    {%- endif -%}
    {%- set days = (hours or var('recent_hours')) // 24 + 2 -%}
    {{ date_column }} >= date '{{ last_day - modules.datetime.timedelta(days=days) }}'
{%- endmacro %}
