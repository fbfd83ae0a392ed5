{#
    Causes are restated with detection (macros/incremental/since_restated.sql): what an incident is
    made of lies at or before the newest hour that is scored while it is open. It may go on, grow
    together or re-open for a day and a half after it fired last; a day is added for the watermark.
#}
{% macro incident_active_until(last_hour_number) -%}
    {{ date_of_epoch_day(day_of_hours(last_hour_number)) }} + 3
{%- endmacro %}

{# Ids of the incidents to restate; every one in a full refresh. #}
{% macro is_active_incident(last_hour_number) -%}
    {{ since_restated(incident_active_until(last_hour_number)) }}
{%- endmacro %}

{# The dates of hours of incidents to restate, and of their baselines, as literals. #}
{% macro in_incident_dates(date_column, incidents, baseline_hours) -%}
    {%- if not execute or flags.FULL_REFRESH -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set rows = run_query(
        'select distinct ' ~ date_of_epoch_day(day_of_hours('hour_number')) ~ ' as event_date from ('
        ~ 'select incident_id, hour_number from ' ~ baseline_hours
        ~ ' union all select incident_id, baseline_hour_number from ' ~ baseline_hours
        ~ ') as hours where incident_id in (select incident_id from ' ~ incidents
        ~ ' where ' ~ is_active_incident('last_hour_number') ~ ') order by event_date'
    ) -%}
    {{ date_in_list(date_column, rows.columns[0].values() | list) }}
{%- endmacro %}
