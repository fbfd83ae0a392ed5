{#
    Days until so many dollars more are spent, on the path of the next seven days and their
    repetition; NULL when that takes longer than a month or nothing is expected to be spent.
#}
{% macro days_until_spent(remaining) -%}
    {%- set week = '(' ~ spend_of_next_week() ~ ')' -%}
    {%- set full_weeks = '(ceil(' ~ remaining ~ ' / ' ~ week ~ ') - 1)' -%}
    case
            when {{ week }} > 0 and {{ remaining }} > 0 and {{ remaining }} <= 5 * {{ week }}
                then
                    cast(7 * {{ full_weeks }} as integer) + case
                        {%- for days in range(1, 7) %}
                        when
                            {{ full_weeks }} * {{ week }}
                            {%- for offset in range(1, days + 1) %} + expected_{{ offset }}
                            {%- endfor %} >= {{ remaining }}
                            then {{ days }}
                        {%- endfor %}
                        else 7
                    end
        end
{%- endmacro %}
