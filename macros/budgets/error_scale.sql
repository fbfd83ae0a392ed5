{#
    How far a month's forecast may be off, in dollars: what the noise of one day becomes over the
    days left, as if a part of it were the level's and stayed. At least 1 % of what is forecast.
    NULL with less than a week of history: no interval then.
#}
{% macro error_scale(paths) -%}
    case
            when {{ paths }}.daily_noise is not null
                then
                    greatest(
                        {{ paths }}.daily_noise * sqrt(
                            {{ paths }}.remaining_days
                            + {{ paths }}.remaining_days * {{ paths }}.remaining_days / 4
                        ),
                        0.01 * {{ paths }}.expected_remaining
                    )
        end
{%- endmacro %}
