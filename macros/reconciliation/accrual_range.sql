{#
    Ends of the range that holds four of five of what comes next, from the count, mean and spread
    of `errors` so far: the mean, give or take Student's t (its 0.9 quantile for 2, 3, ... values)
    for one more value like them, and never without 0. One value tells no spread: with none or
    one, the tolerance stands in, wider where that one was beyond it.
#}
{% macro low_share(errors, tolerance) -%}
    case
            when {{ errors }}_count = 0 then -cast({{ tolerance }} as double)
            when {{ errors }}_count = 1
                then least(-cast({{ tolerance }} as double), {{ errors }}_mean)
            else least({{ errors }}_mean - {{ width_of_next(errors) }}, 0)
        end
{%- endmacro %}

{% macro high_share(errors, tolerance) -%}
    case
            when {{ errors }}_count = 0 then cast({{ tolerance }} as double)
            when {{ errors }}_count = 1
                then greatest(cast({{ tolerance }} as double), {{ errors }}_mean)
            else greatest({{ errors }}_mean + {{ width_of_next(errors) }}, 0)
        end
{%- endmacro %}

{% macro width_of_next(errors) -%}
    {{ errors }}_spread * sqrt(1 + 1 / cast({{ errors }}_count as double))
            * case {{ errors }}_count
                {%- for t in [
                    3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363
                ] %}
                when {{ loop.index + 1 }} then {{ t }}
                {%- endfor %}
            end
{%- endmacro %}
