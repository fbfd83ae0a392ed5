/*
    Grain: cost_date, tenant_id, feature, provider, model, prompt_version; prefixes whose cache
    share fell.

    A prefix is what a feature sends a model under one prompt version, for all tenants together:
    who has a low share for good is no miss. What it is expected to read is its share of the seven
    days before, its own day left out; a prefix without those days expects nothing. What it read
    less is spread over the tenants that fell short of the expectation, by how much they did, and
    costs what their unread input cost beyond the price of reading it. Never more than what the
    served calls cost.

    Shares are DOUBLE, of whole numbers; the cost is a share of money.
*/
{% set prefix = ['feature', 'provider', 'model', 'prompt_version'] %}

with

sums as (

    select * from {{ ref('int_waste_summed_daily') }}
    where prefix_input_tokens > 0

),

rules as (

    select
        *,
        row_number() over (
            order by coalesce(valid_from, cast({{ beginning_of_time() }} as date)) desc
        ) as rule_rank
    from {{ ref('waste_rules') }}
    where waste_category = 'cache_miss'

),

prefix_days as (

    select
        cost_date,
        {{ prefix | join(',\n        ') }},
        cast(sum(prefix_input_tokens) as bigint) as input_tokens,
        cast(sum(coalesce(prefix_read_tokens, 0)) as bigint) as read_tokens,
        cast(sum(prefix_call_count) as bigint) as call_count
    from sums
    group by cost_date, {{ prefix | join(', ') }}

),

prefix_weeks as (

    select
        today.cost_date,
        {% for column in prefix %}
            today.{{ column }},
        {% endfor %}
        today.input_tokens,
        today.read_tokens,
        today.call_count,
        cast(sum(past.input_tokens) as bigint) as past_input_tokens,
        cast(sum(past.read_tokens) as bigint) as past_read_tokens
    from prefix_days as today
    inner join prefix_days as past
        on
            {{ columns_equal('today', 'past', prefix) }}
            and past.cost_date < today.cost_date
            and past.cost_date >= cast(today.cost_date - interval 7 day as date)
    group by
        today.cost_date,
        {% for column in prefix %}
            today.{{ column }},
        {% endfor %}
        today.input_tokens,
        today.read_tokens,
        today.call_count

),

measured_shares as (

    select
        *,
        {{ share_of('past_read_tokens', 'past_input_tokens') }} as expected_share,
        {{ share_of('read_tokens', 'input_tokens') }} as read_share
    from prefix_weeks

),

expected as (

    select
        *,
        sqrt({{ share_of(
            'expected_share * greatest(1 - expected_share, 0)', 'greatest(call_count, 1)'
        ) }}) as chance_deviation
    from measured_shares

),

-- grain: cost_date, prefix, rule that holds on the day
fallen_by_rule as (

    select
        expected.*,
        row_number() over (
            partition by expected.cost_date, {{ prefix | join(', ') }}
            order by rules.rule_rank
        ) as rule_number,
        expected.expected_share >= coalesce(rules.min_expected_share, 0)
        and expected.expected_share - expected.read_share > 0
        and expected.expected_share - expected.read_share >= coalesce(rules.min_share_drop, 0)
        and expected.expected_share - expected.read_share
        >= coalesce(rules.min_deviations, 0) * expected.chance_deviation
            as is_fallen
    from expected
    inner join rules
        on {{ is_valid_on('rules', 'expected.cost_date') }}

),

short as (

    select
        sums.*,
        fallen.expected_share,
        fallen.expected_share * fallen.input_tokens - fallen.read_tokens as prefix_missed_tokens,
        greatest(
            cast(
                floor(fallen.expected_share * sums.prefix_input_tokens)
                - coalesce(sums.prefix_read_tokens, 0) as bigint
            ),
            0
        ) as shortfall_tokens
    from sums
    inner join fallen_by_rule as fallen
        on
            sums.cost_date = fallen.cost_date
            and {{ columns_equal('sums', 'fallen', prefix) }}
    where fallen.rule_number = 1 and fallen.is_fallen

),

missed as (

    select
        *,
        prefix_missed_tokens * {{ share_of(
            'shortfall_tokens',
            'sum(shortfall_tokens) over (partition by cost_date, ' ~ prefix | join(', ') ~ ')'
        ) }} as missed_tokens
    from short

),

priced as (

    select
        *,
        {{ share_of_money(
            'prefix_premium_usd',
            'least(' ~ share_of(
                'missed_tokens', 'prefix_input_tokens - coalesce(prefix_read_tokens, 0)'
            ) ~ ', 1)'
        ) }} as premium_usd
    from missed
    where shortfall_tokens > 0

),

final as (

    select
        cost_date,
        tenant_id,
        feature,
        provider,
        model,
        prompt_version,
        prefix_call_count as call_count,
        expected_share,
        cast(floor(missed_tokens) as bigint) as missed_tokens,
        case
            when premium_usd < 0 then cast(0 as decimal(38, 12))
            when premium_usd > prefix_served_cost_usd then prefix_served_cost_usd
            else premium_usd
        end as cache_miss_cost_usd
    from priced

)

select * from final
