{#
    Two-sided p-value of a difference over its standard error, Student's t with `freedom` degrees.
    The t is brought to a normal scale first, then Abramowitz and Stegun 26.2.17, good to 1e-7:
    neither engine has the distribution itself. No spread at all: 1 without a difference, else 0.
#}
{% macro two_sided_p(difference, error, freedom) -%}
    case
            when {{ difference }} is null or {{ error }} is null then null
            when {{ error }} < 1e-12
                then case when abs({{ difference }}) < 1e-12 then 1e0 else 0e0 end
            else 2 * {{ upper_tail(t_on_normal_scale(
                'abs(' ~ difference ~ ') / ' ~ error, freedom
            )) }}
        end
{%- endmacro %}

{% macro t_on_normal_scale(t, freedom) -%}
    ({{ t }}) * (1 - 1 / (4.0 * ({{ freedom }})))
            / sqrt(1 + power({{ t }}, 2) / (2.0 * ({{ freedom }})))
{%- endmacro %}

{% macro upper_tail(z) -%}
    {%- set w = '(1 / (1 + 0.2316419 * (' ~ z ~ ')))' -%}
    exp(-power({{ z }}, 2) / 2) * 0.3989422804
            * {{ w }} * (0.319381530 + {{ w }} * (-0.356563782 + {{ w }} * (1.781477937
            + {{ w }} * (-1.821255978 + {{ w }} * 1.330274429))))
{%- endmacro %}

{# The variance of the logarithm of a mean, from n, the sum and the sum of squares. #}
{% macro log_mean_variance(n, total, squares) -%}
    greatest(
                {{ n }} * cast({{ squares }} as double)
                / nullif(cast({{ total }} as double) * cast({{ total }} as double), 0) - 1,
                0
            ) / nullif({{ n }} - 1, 0)
{%- endmacro %}

{# The covariance of the logarithms of two means, from the sums and the sum of products. #}
{% macro log_mean_covariance(n, total, other, products) -%}
    (
                    {{ n }} * cast({{ products }} as double)
                    / nullif(cast({{ total }} as double) * cast({{ other }} as double), 0) - 1
                ) / nullif({{ n }} - 1, 0)
{%- endmacro %}

{# The variance of a mean, from n, the sum and the sum of squares. #}
{% macro mean_variance(n, total, squares) -%}
    greatest(
                cast({{ squares }} as double) / {{ n }}
                - power(cast({{ total }} as double) / {{ n }}, 2),
                0
            ) / nullif({{ n }} - 1, 0)
{%- endmacro %}
