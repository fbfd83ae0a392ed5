{#
    Causes are restated with detection (macros/incremental/since_restated.sql): what an incident is
    made of lies at or before the newest hour that is scored while it is open. It may go on, grow
    together or re-open for a day and a half after it fired last; a day is added for the watermark.
#}
{% macro incident_active_until(last_hour_number) -%}
    {{ date_of_epoch_day(day_of_hours(last_hour_number)) }} + 3
{%- endmacro %}

{# The dates of the hours of incidents to restate, as literals. #}
{% macro in_incident_dates(date_column, compared_hours) -%}
    {%- if not execute or flags.FULL_REFRESH -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set rows = run_query(
        'select distinct ' ~ date_of_epoch_day(day_of_hours('hour_number')) ~ ' as event_date from '
        ~ compared_hours ~ ' where ' ~ since_restated('active_until_date') ~ ' order by event_date'
    ) -%}
    {{ date_in_list(date_column, rows.columns[0].values() | list) }}
{%- endmacro %}
