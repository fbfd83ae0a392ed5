{#
    The reporting day an instant belongs to, in the zone of the var `reporting_timezone`.
    A zone may be off by a part of an hour (India: 5:30), so the day is cut from the instant, not
    from its UTC hour. In UTC the day is the event date itself, which costs nothing.
#}
{% macro reporting_date(instant, utc_date) -%}
    {%- if var('reporting_timezone') == 'UTC' -%}
        {{ utc_date }}
    {%- else -%}
        {{ return(adapter.dispatch('date_in_zone')(instant, var('reporting_timezone'))) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__date_in_zone(instant, zone) -%}
    cast(from_utc_timestamp({{ instant }}, '{{ zone }}') as date)
{%- endmacro %}

{% macro duckdb__date_in_zone(instant, zone) -%}
    cast(timezone('{{ zone }}', {{ instant }}) as date)
{%- endmacro %}
