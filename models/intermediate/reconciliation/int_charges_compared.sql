{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, usage_date, model, meter, service_tier,
    currency.

    What the provider's own quantity costs at our own price (`valued`), beside what the provider
    charges for it (`charged`). Where the provider states no cost of a day yet, `charged` is what
    we value it at: unknown is no difference. An account without a cost export is charged what its
    invoice lines say, by the month. A charge for all meters of a model together (`total`) is shared
    among those we value, so that it says nothing of a meter but how far the sum is off.
*/
{% set sku = [
    'provider', 'billing_account_id', 'billing_month', 'model', 'meter', 'service_tier'
] %}
{% set cell = sku + ['usage_date'] %}
{% set model_day = cell | reject('equalto', 'meter') | list + ['currency'] %}

with

compared as (

    select * from {{ ref('int_quantities_compared') }}

),

differences as (

    select * from {{ ref('int_quantity_causes') }}

),

late_lines as (

    select * from {{ ref('int_late_usage') }}

),

currencies as (

    select * from {{ ref('int_billing_currencies') }}

),

cost_rows as (

    select * from {{ ref('int_provider_costs_daily') }}
    where charge_category = 'usage'

),

invoice_lines as (

    select * from {{ ref('int_invoice_lines_keyed') }}
    where component = 'usage' and cover_level = 1

),

-- A model whose calls state their own cost has all its money on one meter, on both sides.
reported_models as (

    select distinct
        provider,
        billing_account_id,
        billing_month,
        model,
        service_tier
    from {{ ref('int_metered_usage_by_account') }}
    where meter = 'provider_reported'

),

purchases as (

    select distinct
        provider,
        billing_account_id
    from {{ ref('int_provider_costs_daily') }}
    where charge_category = 'purchase'

),

-- Our side ---------------------------------------------------------------------------------------

valued_lines as (

    select
        {{ cell | join(',\n        ') }},
        metered_cost_usd as amount_usd,
        contract_cost_usd,
        unpriced_quantity,
        metered_quantity + quantity_difference as quantity,
        unit_price_usd
    from compared
    where meter <> 'requests'

    union all

    select
        {{ cell | join(',\n        ') }},
        amount_usd,
        0 as contract_cost_usd,
        0 as unpriced_quantity,
        0 as quantity,
        null as unit_price_usd
    from differences
    where meter <> 'requests'

    union all

    select
        {{ cell | join(',\n        ') }},
        amount_usd,
        0 as contract_cost_usd,
        0 as unpriced_quantity,
        quantity,
        unit_price_usd
    from late_lines

),

-- Each line is turned into the currency on its own, as the bridge does: sums stay sums.
valued_in_currency as (

    select
        {% for column in cell %}
            valued_lines.{{ column }},
        {% endfor %}
        currencies.currency,
        max(currencies.units_per_usd) as units_per_usd,
        cast(
            sum({{ in_currency('valued_lines.amount_usd', 'currencies.units_per_usd') }})
            as decimal(38, 12)
        ) as valued,
        cast(
            coalesce(sum({{ in_currency(
                usd_at('valued_lines.unpriced_quantity', 'valued_lines.unit_price_usd'),
                'currencies.units_per_usd',
            ) }}), 0)
            as decimal(38, 12)
        ) as newly_priced,
        cast(sum(valued_lines.contract_cost_usd) as decimal(38, 12)) as contract_cost_usd,
        cast(sum(valued_lines.quantity) as decimal(38, 6)) as quantity,
        cast(max(valued_lines.unit_price_usd) as decimal(38, 18)) as unit_price_usd
    from valued_lines
    inner join currencies
        on {{ columns_equal('valued_lines', 'currencies', sku) }}
    group by
        {% for column in cell %}
            valued_lines.{{ column }},
        {% endfor %}
        currencies.currency

),

-- Their side -------------------------------------------------------------------------------------

charge_lines as (

    select
        cost_rows.provider,
        cost_rows.billing_account_id,
        cost_rows.billing_month,
        cost_rows.usage_date,
        cost_rows.model,
        case when reported_models.provider is null then cost_rows.meter else 'provider_reported' end
            as meter,
        cost_rows.service_tier,
        cost_rows.currency,
        cost_rows.cost,
        cost_rows.list_cost
    from cost_rows
    left join reported_models
        on
            cost_rows.provider = reported_models.provider
            and cost_rows.billing_account_id = reported_models.billing_account_id
            and cost_rows.billing_month = reported_models.billing_month
            and cost_rows.model = reported_models.model
            and cost_rows.service_tier = reported_models.service_tier

),

-- A charge for all meters is what we value each of them at, and for its share what the sum is off.
valued_of_day as (

    select
        valued_in_currency.*,
        valued + newly_priced as valued_now,
        sum(valued + newly_priced) over (partition by {{ model_day | join(', ') }})
            as valued_of_model,
        row_number() over (
            partition by {{ model_day | join(', ') }}
            order by valued + newly_priced desc, quantity desc, meter asc
        ) as meter_rank
    from valued_in_currency
    where meter <> 'provider_reported'

),

totals as (

    select
        {{ model_day | join(',\n        ') }},
        sum(cost) as charged
    from charge_lines
    where meter = 'total'
    group by {{ model_day | join(', ') }}

),

shared_totals as (

    select
        {% for column in cell + ['currency'] %}
            valued_of_day.{{ column }},
        {% endfor %}
        valued_of_day.meter_rank,
        totals.charged,
        cast(
            valued_of_day.valued_now
            + case
                when valued_of_day.valued_of_model = 0 then 0
                else
                    cast(totals.charged - valued_of_day.valued_of_model as decimal(24, 12))
                    * cast(
                        cast(valued_of_day.valued_now as double)
                        / cast(valued_of_day.valued_of_model as double) as decimal(14, 8)
                    )
            end as decimal(38, 12)
        ) as share
    from valued_of_day
    inner join totals
        on {{ columns_equal('valued_of_day', 'totals', model_day) }}

),

charge_parts as (

    select
        {% for column in cell + ['currency'] %}
            charge_lines.{{ column }},
        {% endfor %}
        charge_lines.cost,
        charge_lines.list_cost
    from charge_lines
    left join shared_totals
        on
            {{ columns_equal('charge_lines', 'shared_totals', model_day) }}
            and shared_totals.meter_rank = 1
    where charge_lines.meter <> 'total' or shared_totals.provider is null

    union all

    select
        {{ (cell + ['currency']) | join(',\n        ') }},
        -- what the shares leave goes to the largest
        share + case
            when meter_rank = 1
                then charged - sum(share) over (partition by {{ model_day | join(', ') }})
            else 0
        end as cost,
        null as list_cost
    from shared_totals

),

charges as (

    select
        {{ cell | join(',\n        ') }},
        currency,
        cast(sum(cost) as decimal(38, 12)) as charged,
        -- A list price is one only if every row of the day has it.
        cast(case when count(*) = count(list_cost) then sum(list_cost) end as decimal(38, 12))
            as charged_at_list
    from charge_parts
    group by {{ cell | join(', ') }}, currency

),

charged_days as (

    select distinct
        provider,
        billing_account_id,
        billing_month,
        usage_date
    from cost_rows

),

charged_months as (

    select distinct
        provider,
        billing_account_id,
        billing_month
    from cost_rows

),

charged_skus as (

    select distinct {{ sku | join(', ') }}
    from charges
    where charged <> 0

),

invoiced_skus as (

    select
        {{ sku | join(',\n        ') }},
        currency,
        cast(sum(amount) as decimal(38, 12)) as invoiced
    from invoice_lines
    group by {{ sku | join(', ') }}, currency

),

invoice_charges as (

    select
        invoiced_skus.*,
        {{ first_day_of('invoiced_skus.billing_month') }} as usage_date
    from invoiced_skus
    left join charged_months
        on
            invoiced_skus.provider = charged_months.provider
            and invoiced_skus.billing_account_id = charged_months.billing_account_id
            and invoiced_skus.billing_month = charged_months.billing_month
    where charged_months.provider is null

),

-- A month known from the invoice alone is compared as one.
valued_as_charged as (

    select
        valued_in_currency.provider,
        valued_in_currency.billing_account_id,
        valued_in_currency.billing_month,
        case
            when invoice_charges.provider is null then valued_in_currency.usage_date
            else invoice_charges.usage_date
        end as usage_date,
        valued_in_currency.model,
        valued_in_currency.meter,
        valued_in_currency.service_tier,
        valued_in_currency.currency,
        max(valued_in_currency.units_per_usd) as units_per_usd,
        cast(sum(valued_in_currency.valued) as decimal(38, 12)) as valued,
        cast(sum(valued_in_currency.newly_priced) as decimal(38, 12)) as newly_priced,
        cast(sum(valued_in_currency.contract_cost_usd) as decimal(38, 12)) as contract_cost_usd,
        cast(sum(valued_in_currency.quantity) as decimal(38, 6)) as quantity,
        max(valued_in_currency.unit_price_usd) as unit_price_usd
    from valued_in_currency
    left join invoice_charges
        on
            {{ columns_equal('valued_in_currency', 'invoice_charges', sku + ['currency']) }}
    group by
        valued_in_currency.provider,
        valued_in_currency.billing_account_id,
        valued_in_currency.billing_month,
        case
            when invoice_charges.provider is null then valued_in_currency.usage_date
            else invoice_charges.usage_date
        end,
        valued_in_currency.model,
        valued_in_currency.meter,
        valued_in_currency.service_tier,
        valued_in_currency.currency

),

stated_charges as (

    select
        {{ cell | join(',\n        ') }},
        currency,
        charged,
        charged_at_list,
        'export' as charge_basis
    from charges

    union all

    select
        {{ cell | join(',\n        ') }},
        currency,
        cast(invoiced as decimal(38, 12)) as charged,
        cast(null as decimal(38, 12)) as charged_at_list,
        'invoice' as charge_basis
    from invoice_charges

),

paired as (

    select
        {% for column in cell + ['currency'] %}
            coalesce(stated_charges.{{ column }}, valued_as_charged.{{ column }}) as {{ column }},
        {% endfor %}
        valued_as_charged.units_per_usd,
        valued_as_charged.provider is null as is_charge_only,
        cast(coalesce(valued_as_charged.valued, 0) as decimal(38, 12)) as valued,
        cast(coalesce(valued_as_charged.newly_priced, 0) as decimal(38, 12)) as newly_priced,
        coalesce(valued_as_charged.contract_cost_usd, 0) <> 0 as is_contract,
        cast(coalesce(valued_as_charged.quantity, 0) as decimal(38, 6)) as quantity,
        valued_as_charged.unit_price_usd,
        stated_charges.charged as stated_charge,
        stated_charges.charged_at_list,
        stated_charges.charge_basis
    from valued_as_charged
    full outer join stated_charges
        on {{ columns_equal('valued_as_charged', 'stated_charges', cell + ['currency']) }}

),

final as (

    select
        paired.provider,
        paired.billing_account_id,
        paired.billing_month,
        paired.usage_date,
        paired.model,
        paired.meter,
        paired.service_tier,
        paired.currency,
        paired.units_per_usd,
        paired.valued,
        paired.newly_priced,
        paired.quantity,
        paired.unit_price_usd,
        paired.is_contract,
        cast(
            case
                when paired.charge_basis is not null then paired.stated_charge
                when charged_days.provider is not null then 0
                else paired.valued
            end as decimal(38, 12)
        ) as charged,
        paired.charged_at_list,
        case
            when paired.charge_basis is not null then paired.charge_basis
            when charged_days.provider is not null then 'export'
            else 'ledger'
        end as charge_basis,
        charged_skus.provider is not null as is_charged_this_month,
        coalesce(invoiced_skus.invoiced, 0) <> 0 as is_invoiced_sku,
        purchases.provider is not null as has_purchases
    from paired
    left join charged_days
        on
            paired.provider = charged_days.provider
            and paired.billing_account_id = charged_days.billing_account_id
            and paired.billing_month = charged_days.billing_month
            and paired.usage_date = charged_days.usage_date
    left join charged_skus
        on {{ columns_equal('paired', 'charged_skus', sku) }}
    left join invoiced_skus
        on {{ columns_equal('paired', 'invoiced_skus', sku + ['currency']) }}
    left join purchases
        on
            paired.provider = purchases.provider
            and paired.billing_account_id = purchases.billing_account_id

)

select * from final
