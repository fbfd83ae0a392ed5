{#
    Condition of an incremental model with the strategy `from_first_change`: the day lies at most
    `days_before` days before the first that may have changed. That is the first touched day, or
    the newest day the model holds, which may have got more since. True when everything is built.
#}
{% macro from_first_change(day_column, days_before=0) -%}
    {%- if not execute or not is_incremental() -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set held = run_query(
        'select max(' ~ config.get('unique_key') ~ ') from ' ~ this
    ).columns[0].values()[0] -%}
    {%- if held is none -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set first_day = ([held] + touched_reporting_days()) | min -%}
    {{ day_column }} >= date '{{ first_day - modules.datetime.timedelta(days=days_before) }}'
{%- endmacro %}
