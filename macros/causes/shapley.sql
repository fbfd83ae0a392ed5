{# The drivers an incident's cost is decomposed into, each with the factors it moves. #}
{% macro cause_drivers() -%}
    {{ return([
        ('volume', ['volume']),
        ('retries', ['attempts']),
        ('model_mix', ['mix']),
        ('input_tokens', ['input']),
        ('cache_share', ['cache']),
        ('output_tokens', ['output']),
        ('price', ['input_price', 'read_price', 'output_price']),
        ('untracked_price', ['known', 'stray', 'other']),
    ]) }}
{%- endmacro %}

{# Every factor of the cost model but the volume, which is 0 where nothing happened. #}
{% macro cause_factors() -%}
    {%- set factors = [] -%}
    {%- for driver, moved in cause_drivers() if driver != 'volume' -%}
        {%- do factors.extend(moved) -%}
    {%- endfor -%}
    {{ return(factors) }}
{%- endmacro %}

{#
    Shapley weights: what the value of a coalition of `size` drivers counts for one of them, if it
    is a member and, below nought, if it is not. Over all coalitions they give the mean, over all
    orders in which drivers can change, of what changing this one adds.
#}
{% macro shapley_weights(driver_count) -%}
    {%- set factorials = [1] -%}
    {%- for number in range(1, driver_count + 1) -%}
        {%- do factorials.append(factorials[-1] * number) -%}
    {%- endfor -%}
    {%- set weights = [] -%}
    {%- for size in range(driver_count + 1) -%}
        {%- set member = factorials[size - 1] * factorials[driver_count - size] if size else 0 -%}
        {%- set outsider = factorials[size] * factorials[driver_count - size - 1]
            if size < driver_count else 0 -%}
        {%- do weights.append((size, member, outsider)) -%}
    {%- endfor -%}
    {{ return(weights) }}
{%- endmacro %}
