{# Money in whole picodollars, the smallest amount a column of money can hold; and back. #}
{% macro whole_picodollars(amount) -%}
    cast(
        cast({{ amount }} as decimal(24, 12)) * cast(1000000000000 as decimal(13, 0))
        as {{ whole_number_type() }}
    )
{%- endmacro %}

{% macro from_picodollars(picodollars) -%}
    cast(
        cast({{ picodollars }} as decimal(24, 0)) * cast(0.000000000001 as decimal(13, 12))
        as decimal(38, 12)
    )
{%- endmacro %}

{#
    CTEs `shares_wide` to `shares_ranked` and `shared_out`: every row of `relation` with its
    `shared_amount_usd`, a part of `amount` by `weight`, such that the rows of a `pool` (columns)
    sum to the amount to the last digit.

    As publish/close/cents.py does in cents: every part is rounded down, what is left over goes to
    the largest remainders, among equal ones to the first by `order_by`. In picodollars, amounts
    below nought by their size. Weights are money (or counts) and not negative; the weights of a
    pool must not all be 0. The amount is divided in two halves of digits, the remainder of the
    first carried into the second, so no product has more than 38 digits below a billion dollars.
#}
{% macro largest_remainder(relation, amount, weight, pool, order_by) %}
shares_wide as (

    select
        *,
        case when {{ amount }} < 0 then -1 else 1 end as share_sign,
        {{ whole_division(whole_picodollars('abs(' ~ amount ~ ')'), 1000000000) }} as amount_high,
        {{ whole_picodollars('abs(' ~ amount ~ ')') }} % 1000000000 as amount_low,
        {{ whole_picodollars(weight) }} as share_weight,
        cast(
            sum({{ whole_picodollars(weight) }}) over (partition by {{ pool | join(', ') }})
            as {{ whole_number_type() }}
        ) as pool_weight
    from {{ relation }}

),

shares_high as (

    select
        *,
        {{ whole_division('amount_high * share_weight', 'pool_weight') }} as share_high,
        (amount_high * share_weight) % pool_weight * 1000000000
        + amount_low * share_weight as carried_low
    from shares_wide

),

shares_whole as (

    select
        *,
        share_high * 1000000000
        + {{ whole_division('carried_low', 'pool_weight') }} as share_picodollars,
        carried_low % pool_weight as share_remainder
    from shares_high

),

shares_ranked as (

    select
        *,
        amount_high * 1000000000 + amount_low - cast(
            sum(share_picodollars) over (partition by {{ pool | join(', ') }})
            as {{ whole_number_type() }}
        ) as picodollars_left,
        row_number() over (
            partition by {{ pool | join(', ') }}
            order by share_remainder desc, {{ order_by | join(', ') }}
        ) as share_rank
    from shares_whole

),

shared_out as (

    select
        *,
        {{ from_picodollars(
            'share_sign * (share_picodollars'
            ~ ' + case when share_rank <= picodollars_left then 1 else 0 end)'
        ) }} as shared_amount_usd
    from shares_ranked

)
{% endmacro %}
