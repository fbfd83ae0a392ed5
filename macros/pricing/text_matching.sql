{% macro regex_finds(text, pattern) %}
    {{- return(adapter.dispatch("regex_finds")(text, pattern)) -}}
{% endmacro %}

{% macro default__regex_finds(text, pattern) %}
    {{- return("regexp_matches(" ~ text ~ ", " ~ pattern ~ ")") -}}
{% endmacro %}

{% macro spark__regex_finds(text, pattern) %}
    {{- return("regexp_like(" ~ text ~ ", " ~ pattern ~ ")") -}}
{% endmacro %}


{% macro dashed_compact_date(text) %}
    {#- gpt-5.2-20251211 -> gpt-5.2-2025-12-11; anything else stays as it is. -#}
    {{- return(adapter.dispatch("dashed_compact_date")(text)) -}}
{% endmacro %}

{% macro default__dashed_compact_date(text) %}
    {%- set date = "-(20[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(-|:|$)" -%}
    {{- return("regexp_replace(" ~ text ~ ", '" ~ date ~ "', '-\\1-\\2-\\3\\4', 'g')") -}}
{% endmacro %}

{% macro spark__dashed_compact_date(text) %}
    {%- set date = "-(20[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(-|:|$)" -%}
    {{- return("regexp_replace(" ~ text ~ ", '" ~ date ~ "', '-$1-$2-$3$4')") -}}
{% endmacro %}


{% macro without_path(text) %}
    {#- What follows the last slash. -#}
    {{- return("regexp_replace(" ~ text ~ ", '^.*/', '')") -}}
{% endmacro %}


{% macro fits_pattern(text, pattern) %}
    {#- A pattern is the whole text, or its beginning followed by a star. -#}
    {%- set is_begun = "right(" ~ pattern ~ ", 1) = '*'" -%}
    {%- set begins = "left(" ~ text ~ ", length(" ~ pattern ~ ") - 1)" -%}
    {%- set beginning = "left(" ~ pattern ~ ", length(" ~ pattern ~ ") - 1)" -%}
    {{- return(
        "(" ~ text ~ " = " ~ pattern
        ~ " or (" ~ is_begun ~ " and " ~ begins ~ " = " ~ beginning ~ "))"
    ) -}}
{% endmacro %}


{% macro pattern_rank(pattern) %}
    {#- How narrow a pattern is: the whole text beats any beginning, a longer one a shorter. -#}
    {%- set is_begun = "right(" ~ pattern ~ ", 1) = '*'" -%}
    {{- return(
        "case when " ~ is_begun ~ " then length(" ~ pattern ~ ") - 1 else 10000 end"
    ) -}}
{% endmacro %}


{% macro epoch_microseconds(moment) %}
    {{- return(adapter.dispatch("epoch_microseconds")(moment)) -}}
{% endmacro %}

{% macro default__epoch_microseconds(moment) %}
    {{- return("epoch_us(" ~ moment ~ ")") -}}
{% endmacro %}

{% macro spark__epoch_microseconds(moment) %}
    {{- return("unix_micros(" ~ moment ~ ")") -}}
{% endmacro %}
