{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, usage_date, model, meter, service_tier,
    currency, step, cause.

    Why the provider charges something else than our price for the quantity it states. Steps 31
    and 32 are charges whose quantity nobody can value: tools we do not meter, services that are
    no model, lines not understood. Step 41 is our own rate card: no price, or not the provider's.
    So is a cost that calls state themselves, which nobody agreed on: a charge beside it is neither
    a discount nor too much. Step 42 is the charge: nothing at all, a wrong unit, a discount, too
    much.
    Factors are shares that choose a name; no amount but that of a wrong price under an
    account-wide discount is made with one.
*/
{% set account_month = ['provider', 'billing_account_id', 'billing_month'] %}
{% set account = account_month + ['currency'] %}

with

charges as (

    select
        *,
        case
            when charged = 0 then 0
            when charged = cast(charged as decimal(38, 2)) then 1
            else 2
        end as decimals_rank
    from {{ ref('int_charges_compared') }}
    where
        meter <> 'requests'
        and charge_basis <> 'ledger'

),

compared as (

    select
        *,
        cast(valued + newly_priced as decimal(38, 12)) as valued_now,
        -- Where all of an account's charges are whole cents, they are rounded to them; others are
        -- exact. A charge of 0 is a rounded one only if the rest of its month is charged.
        cast(
            case
                when max(decimals_rank) over (partition by {{ account | join(', ') }}) <> 1
                    then 0.000001
                when decimals_rank = 0 and not is_charged_this_month then 0.000001
                else 0.005
            end as decimal(38, 12)
        ) as rounding
    from charges

),

metered as (

    select * from {{ ref('int_metered_usage_by_account') }}

),

metered_models as (

    select distinct
        provider,
        billing_account_id,
        model
    from metered

),

metered_tools as (

    select distinct
        provider,
        billing_account_id,
        billing_month,
        meter
    from metered
    where quantity <> 0

),

unstated as (

    select distinct
        provider,
        billing_account_id,
        billing_month,
        model,
        meter
    from {{ ref('int_quantities_compared') }}
    where is_unstated

),

request_differences as (

    select
        provider,
        billing_account_id,
        billing_month,
        usage_date,
        model,
        sum(quantity_difference) as request_difference
    from {{ ref('int_quantity_causes') }}
    where meter = 'requests' and step = 31
    group by provider, billing_account_id, billing_month, usage_date, model

),

-- What can be told of one day on its own.
looked_at as (

    select
        compared.*,
        cast(compared.charged - compared.valued_now as decimal(38, 12)) as difference,
        case
            when compared.charged = compared.valued then ''
            when compared.meter = 'out_of_scope' then 'out_of_scope'
            when compared.meter = 'unparsed' then 'unparsed'
            when
                (compared.unit_price_usd is null or compared.units_per_usd is null)
                and {{ is_tool_meter('compared.meter') }}
                and metered_tools.provider is null
                then 'tool_fees'
            when compared.units_per_usd is null and metered_models.provider is null
                then 'untracked_models'
            when unstated.provider is not null then 'mixed'
            when compared.units_per_usd is null and compared.currency <> 'USD'
                then 'no_exchange_rate'
            when compared.units_per_usd is null then 'mixed'
            when compared.meter = 'provider_reported'
                then case
                    when
                        request_differences.request_difference > 0
                        and compared.charged > compared.valued
                        then 'missing_calls'
                    when
                        request_differences.request_difference < 0
                        and compared.charged < compared.valued
                        then 'duplicate_calls'
                    when abs(compared.charged - compared.valued) <= compared.rounding
                        then 'rounding'
                    when compared.valued = 0 then 'cost_not_stated'
                    else 'stated_cost_differs'
                end
            when compared.unit_price_usd is null then 'unpriced_usage'
            when abs(compared.charged - compared.valued_now) <= compared.rounding then 'rounding'
            when compared.charged = 0
                then case
                    when
                        not compared.is_charged_this_month
                        and (compared.service_tier = 'priority' or compared.is_invoiced_sku)
                        then 'cost_not_exported'
                    when compared.has_purchases then 'prepaid_credits'
                    else 'usage_not_billed'
                end
            {% for factor in [100, 1000, 1000000] %}
                when
                    abs(compared.charged - {{ factor }} * compared.valued_now)
                    <= {{ factor }} * 0.000001
                    or abs({{ factor }} * compared.charged - compared.valued_now)
                    <= {{ factor }} * compared.rounding
                    then 'unit_error'
            {% endfor %}
            when compared.charged_at_list is not null and not compared.is_contract
                then 'list_price_stated'
            when compared.valued_now = 0 then 'overcharge'
            when compared.is_contract and compared.charged > compared.valued_now
                then 'overcharge'
            when compared.is_contract then 'discount'
        end as day_cause,
        compared.valued_now <> 0 and compared.charged <> 0 as is_priced
    from compared
    left join metered_models
        on
            {{ columns_equal(
                'compared', 'metered_models', ['provider', 'billing_account_id', 'model']
            ) }}
    left join metered_tools
        on {{ columns_equal('compared', 'metered_tools', account_month + ['meter']) }}
    left join unstated
        on {{ columns_equal('compared', 'unstated', account_month + ['model', 'meter']) }}
    left join request_differences
        on
            {{ columns_equal(
                'compared', 'request_differences', account_month + ['usage_date', 'model']
            ) }}

),

-- What only the month can tell: days on our price, days off it, and by how much.
skus as (

    select
        {{ (account + ['model', 'meter', 'service_tier']) | join(',\n        ') }},
        min(case when day_cause is null then usage_date end) as first_off_date,
        max(case when is_priced and day_cause in ('', 'rounding') then usage_date end)
            as last_on_date,
        max(case when is_priced then 1 else 0 end) as is_priced,
        round(
            cast(sum(case when day_cause is null then charged end) as double)
            / nullif(cast(sum(case when day_cause is null then valued_now end) as double), 0), 4
        ) as factor
    from looked_at
    group by {{ (account + ['model', 'meter', 'service_tier']) | join(', ') }}

),

-- A model's new price: on ours until some day, and off it from there on.
price_changes as (

    select
        {{ (account + ['model']) | join(',\n        ') }},
        factor,
        min(first_off_date) as first_off_date
    from skus
    where first_off_date > last_on_date
    group by {{ (account + ['model']) | join(', ') }}, factor

),

factors_counted as (

    select
        {{ account | join(',\n        ') }},
        factor,
        count(*) as sku_count,
        count(distinct model) as model_count
    from skus
    where factor is not null
    group by {{ account | join(', ') }}, factor

),

factors_ranked as (

    select
        factors_counted.*,
        row_number() over (
            partition by {{ account | join(', ') }}
            order by model_count desc, sku_count desc, factor asc
        ) as choice
    from factors_counted

),

priced_models as (

    select
        {{ account | join(',\n        ') }},
        count(distinct model) as model_count
    from skus
    where is_priced = 1
    group by {{ account | join(', ') }}

),

-- One factor on most models the account is charged for: a discount, or a surcharge.
account_factors as (

    select
        {% for column in account %}
            factors_ranked.{{ column }},
        {% endfor %}
        factors_ranked.factor
    from factors_ranked
    inner join priced_models
        on {{ columns_equal('factors_ranked', 'priced_models', account) }}
    where
        factors_ranked.choice = 1
        and factors_ranked.sku_count >= 2
        and factors_ranked.model_count * 2 > priced_models.model_count

),

named as (

    select
        looked_at.*,
        account_factors.factor as account_factor,
        case
            when looked_at.day_cause is not null then looked_at.day_cause
            when skus.factor = account_factors.factor and account_factors.factor < 1
                then 'discount'
            when skus.factor = account_factors.factor then 'overcharge'
            when account_factors.factor is not null then 'wrong_price_discounted'
            when
                skus.first_off_date >= price_changes.first_off_date
                and (skus.last_on_date is null or skus.first_off_date > skus.last_on_date)
                then 'price_change'
            when skus.last_on_date is null then 'wrong_price'
            when looked_at.difference < 0 then 'discount'
            else 'overcharge'
        end as cause
    from looked_at
    left join skus
        on
            {{ columns_equal(
                'looked_at', 'skus', account + ['model', 'meter', 'service_tier']
            ) }}
    left join price_changes
        on
            {{ columns_equal('looked_at', 'price_changes', account + ['model']) }}
            and skus.factor = price_changes.factor
    left join account_factors
        on {{ columns_equal('looked_at', 'account_factors', account) }}

),

-- The price without the discount the rest of the account has.
split as (

    select
        named.*,
        case
            when cause = 'list_price_stated' then charged_at_list
            when cause = 'wrong_price_discounted'
                then cast(
                    cast(charged as decimal(24, 12))
                    * cast(1 / account_factor as decimal(14, 8)) as decimal(38, 12)
                )
        end as charged_before_discount
    from named

),

lines as (

    select
        split.*,
        41 as step,
        'unpriced_usage' as line_cause,
        newly_priced as amount
    from split
    where newly_priced <> 0 and cause not in ('', 'unpriced_usage')

    union all

    select
        split.*,
        case
            when cause in ('out_of_scope', 'untracked_models') then 32
            when cause in ('unparsed', 'tool_fees', 'mixed', 'missing_calls', 'duplicate_calls')
                then 31
            when
                cause in (
                    'unpriced_usage', 'no_exchange_rate', 'wrong_price', 'cost_not_stated',
                    'stated_cost_differs'
                )
                then 41
            else 42
        end as step,
        cause as line_cause,
        case when cause = 'unpriced_usage' then charged - valued else difference end as amount
    from split
    where cause not in ('', 'list_price_stated', 'wrong_price_discounted')

    union all

    select
        split.*,
        41 as step,
        case
            when abs(charged_before_discount - valued_now) <= rounding then 'rounding'
            else 'wrong_price'
        end as line_cause,
        cast(charged_before_discount - valued_now as decimal(38, 12)) as amount
    from split
    where cause in ('list_price_stated', 'wrong_price_discounted')

    union all

    select
        split.*,
        42 as step,
        case
            when charged < charged_before_discount then 'discount'
            else 'overcharge'
        end as line_cause,
        cast(charged - charged_before_discount as decimal(38, 12)) as amount
    from split
    where cause in ('list_price_stated', 'wrong_price_discounted')

),

final as (

    select
        {{ (account + ['usage_date', 'model', 'meter', 'service_tier']) | join(',\n        ') }},
        step,
        line_cause as cause,
        cast(sum(amount) as decimal(38, 12)) as amount
    from lines
    where amount <> 0
    group by
        {{ (account + ['usage_date', 'model', 'meter', 'service_tier']) | join(',\n        ') }},
        step,
        line_cause

)

select * from final
