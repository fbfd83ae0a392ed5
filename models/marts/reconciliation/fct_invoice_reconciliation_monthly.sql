/*
    Grain: provider, billing_month, billing_account_id, currency, model, token_class, service_tier.

    The ledger, the provider's export and the invoice side by side, the difference between the
    first and the last split by what made it, what the largest cause means (`verdict`) and what to
    do about it. Lines of an invoice that name no model have the component as token class and
    `(invoice)` as model; request counts are the token class `requests` and carry no money.
*/
{% set account = ['provider', 'billing_account_id', 'billing_month', 'currency'] %}
{% set sku = account + ['model', 'token_class', 'service_tier'] %}

with

bridge as (

    select
        {{ account | join(',\n        ') }},
        invoice_id,
        step,
        model,
        case when model = '(invoice)' then component else token_class end as token_class,
        service_tier,
        cause,
        amount
    from {{ ref('fct_invoice_bridge_monthly') }}
    where step <> 90

),

metered as (

    select * from {{ ref('int_metered_usage_by_account') }}

),

currencies as (

    select
        provider,
        billing_account_id,
        billing_month,
        model,
        meter as token_class,
        service_tier,
        currency
    from {{ ref('int_billing_currencies') }}

),

tolerances as (

    select * from {{ ref('reconciliation_tolerances') }}

),

invoices as (

    select * from {{ ref('fct_invoices_monthly') }}

),

reviews as (

    select distinct
        provider,
        billing_month,
        model,
        token_class
    from {{ ref('reconciliation_reviews') }}

),

-- What each side says ----------------------------------------------------------------------------

metered_skus as (

    select
        provider,
        billing_account_id,
        metered_month as billing_month,
        model,
        meter as token_class,
        service_tier,
        sum(quantity) as metered_quantity,
        sum(cost_usd) as metered_cost_usd
    from metered
    group by provider, billing_account_id, metered_month, model, meter, service_tier

),

exported_quantities as (

    select
        provider,
        billing_account_id,
        billing_month,
        model,
        meter as token_class,
        service_tier,
        sum(quantity) as exported_quantity
    from {{ ref('int_exported_quantities') }}
    where quantity_source <> 'invoice'
    group by provider, billing_account_id, billing_month, model, meter, service_tier

),

exported_costs as (

    select
        {{ account | join(',\n        ') }},
        model,
        meter as token_class,
        service_tier,
        sum(charged) as exported_cost
    from {{ ref('int_charges_compared') }}
    where charge_basis = 'export'
    group by {{ account | join(', ') }}, model, meter, service_tier

    union all

    select
        {{ account | join(',\n        ') }},
        '(invoice)' as model,
        component as token_class,
        '(invoice)' as service_tier,
        sum(amount) as exported_cost
    from {{ ref('int_exported_others') }}
    group by {{ account | join(', ') }}, component

),

invoiced as (

    select
        {{ account | join(',\n        ') }},
        case when component <> 'usage' or cover_level = 4 then '(invoice)' else model end as model,
        case
            when component <> 'usage' then component
            when cover_level = 4 then 'unexplained'
            when meter = '' then '(all)'
            else meter
        end as token_class,
        case
            when component <> 'usage' or cover_level = 4 then '(invoice)'
            when service_tier = '' then '(all)'
            else service_tier
        end as service_tier,
        quantity,
        amount
    from {{ ref('int_invoice_lines_keyed') }}

),

sides as (

    select
        {% for column in sku if column != 'currency' %}
            metered_skus.{{ column }},
        {% endfor %}
        currencies.currency,
        metered_skus.metered_quantity,
        metered_skus.metered_cost_usd,
        cast(null as decimal(38, 6)) as exported_quantity,
        cast(null as decimal(38, 12)) as exported_cost,
        cast(null as decimal(38, 6)) as invoiced_quantity,
        cast(null as decimal(38, 12)) as invoiced_cost
    from metered_skus
    inner join currencies
        on
            {{ columns_equal(
                'metered_skus', 'currencies', sku | reject('equalto', 'currency') | list
            ) }}

    union all

    select
        {% for column in sku if column != 'currency' %}
            exported_quantities.{{ column }},
        {% endfor %}
        currencies.currency,
        null as metered_quantity,
        null as metered_cost_usd,
        exported_quantities.exported_quantity,
        null as exported_cost,
        null as invoiced_quantity,
        null as invoiced_cost
    from exported_quantities
    inner join currencies
        on
            {{ columns_equal(
                'exported_quantities', 'currencies', sku | reject('equalto', 'currency') | list
            ) }}

    union all

    select
        {% for column in sku if column != 'currency' %}
            {{ column }},
        {% endfor %}
        currency,
        null as metered_quantity,
        null as metered_cost_usd,
        null as exported_quantity,
        exported_cost,
        null as invoiced_quantity,
        null as invoiced_cost
    from exported_costs

    union all

    select
        {% for column in sku if column != 'currency' %}
            {{ column }},
        {% endfor %}
        currency,
        null as metered_quantity,
        null as metered_cost_usd,
        null as exported_quantity,
        null as exported_cost,
        quantity as invoiced_quantity,
        amount as invoiced_cost
    from invoiced

    union all

    select distinct
        {% for column in sku if column != 'currency' %}
            {{ column }},
        {% endfor %}
        currency,
        null as metered_quantity,
        null as metered_cost_usd,
        null as exported_quantity,
        null as exported_cost,
        null as invoiced_quantity,
        null as invoiced_cost
    from bridge

),

summed as (

    select
        {{ sku | join(',\n        ') }},
        cast(sum(metered_quantity) as decimal(38, 6)) as metered_quantity,
        cast(sum(exported_quantity) as decimal(38, 6)) as exported_quantity,
        cast(sum(invoiced_quantity) as decimal(38, 6)) as invoiced_quantity,
        cast(coalesce(sum(metered_cost_usd), 0) as decimal(38, 12)) as metered_cost_usd,
        cast(sum(exported_cost) as decimal(38, 12)) as exported_cost,
        cast(sum(invoiced_cost) as decimal(38, 12)) as invoiced_cost
    from sides
    group by {{ sku | join(', ') }}

),

-- An account that no export and no invoice speaks of agrees with nobody yet.
stated_accounts as (

    select distinct {{ account | join(', ') }}
    from summed
    where
        exported_quantity is not null
        or exported_cost is not null
        or invoiced_quantity is not null
        or invoiced_cost is not null

),

-- What made the difference -----------------------------------------------------------------------

steps as (

    select
        {{ sku | join(',\n        ') }},
        min(invoice_id) as invoice_id,
        sum(case when step = 10 then amount else 0 end) as metered_cost,
        sum(case when step > 10 then amount else 0 end) as variance,
        sum(case when step = 20 then amount else 0 end) as timing_variance,
        sum(case when step = 31 then amount else 0 end) as quantity_variance,
        sum(case when step = 32 then amount else 0 end) as untracked_variance,
        sum(case when step = 41 then amount else 0 end) as rate_card_variance,
        sum(case when step = 42 then amount else 0 end) as price_variance,
        sum(case when step = 50 then amount else 0 end) as export_variance,
        sum(case when step = 60 then amount else 0 end) as unexplained_variance,
        sum(case when step > 60 then amount else 0 end) as other_variance
    from bridge
    group by {{ sku | join(', ') }}

),

causes as (

    select
        {{ sku | join(',\n        ') }},
        cause,
        min(step) as first_step,
        sum(abs(amount)) as distance
    from bridge
    where step > 10
    group by {{ sku | join(', ') }}, cause

),

causes_ranked as (

    select
        causes.*,
        row_number() over (
            partition by {{ sku | join(', ') }}
            -- what is inside the tolerance by name never hides a cause
            order by
                case when {{ verdict_of('cause') }} = 'matched' then 1 else 0 end,
                distance desc,
                first_step asc,
                cause asc
        ) as choice
    from causes

),

request_differences as (

    select
        provider,
        billing_account_id,
        billing_month,
        model,
        'requests' as token_class,
        service_tier,
        min(cause) as cause,
        sum(case when step = 31 then abs(quantity_difference) else 0 end) as untold,
        sum(abs(quantity_difference)) as distance
    from {{ ref('int_quantity_causes') }}
    where meter = 'requests'
    group by provider, billing_account_id, billing_month, model, service_tier

),

invoice_states as (

    select
        {{ account | join(',\n        ') }},
        min(case status
            when 'open' then 1
            when 'superseded' then 2
            when 'signed_off' then 3
            else 4
        end) as state,
        count(*) as invoice_count
    from invoices
    group by {{ account | join(', ') }}

),

-- The same model, class and tier a month earlier, at this month's price ---------------------------

months as (

    select
        provider,
        billing_account_id,
        billing_month,
        model,
        meter as token_class,
        service_tier,
        {{ month_after('billing_month') }} as next_month,
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        max_by(unit_price_usd, usage_date) as unit_price_usd
    from metered
    group by provider, billing_account_id, billing_month, model, meter, service_tier

),

joined as (

    select
        summed.*,
        coalesce(steps.invoice_id, '(not invoiced)') as invoice_id,
        {% for column in [
            'metered_cost', 'variance', 'timing_variance', 'quantity_variance',
            'untracked_variance', 'rate_card_variance', 'price_variance', 'export_variance',
            'unexplained_variance', 'other_variance',
        ] %}
            cast(coalesce(steps.{{ column }}, 0) as decimal(38, 12)) as {{ column }},
        {% endfor %}
        case
            when stated_accounts.provider is null and causes_ranked.choice is null
                then 'nothing_to_compare'
            when summed.token_class = 'requests'
                then case
                    when coalesce(request_differences.distance, 0) > 0
                        then request_differences.cause
                end
            when
                causes_ranked.distance > greatest(
                    line.amount_limit, line.share_limit * abs(coalesce(steps.metered_cost, 0))
                ) and {{ verdict_of('causes_ranked.cause') }} <> 'matched'
                then causes_ranked.cause
        end as main_cause,
        metered_requests.metered_quantity as metered_request_count,
        metered_requests.exported_quantity as exported_request_count,
        {{ usd_at('months.quantity - previous_months.quantity', 'months.unit_price_usd') }}
            as consumption_change_usd,
        coalesce(invoice_states.state, 1) as invoice_state,
        reviews.provider is not null as is_reviewed,
        coalesce(
            abs(steps.variance) > listed_line.amount_limit
            and abs(steps.variance)
            > listed_line.share_limit * abs(coalesce(main_invoices.invoice_total_amount, 0)),
            false
        ) as is_listed
    from summed
    left join stated_accounts
        on {{ columns_equal('summed', 'stated_accounts', account) }}
    left join steps
        on {{ columns_equal('summed', 'steps', sku) }}
    left join causes_ranked
        on
            {{ columns_equal('summed', 'causes_ranked', sku) }}
            and causes_ranked.choice = 1
    left join request_differences
        on
            {{ columns_equal(
                'summed', 'request_differences', sku | reject('equalto', 'currency') | list
            ) }}
    left join summed as metered_requests
        on
            {{ columns_equal('summed', 'metered_requests', account + ['model', 'service_tier']) }}
            and metered_requests.token_class = 'requests'
    left join months
        on {{ columns_equal('summed', 'months', sku | reject('equalto', 'currency') | list) }}
    left join months as previous_months
        on
            {{ columns_equal(
                'months', 'previous_months',
                ['provider', 'billing_account_id', 'model', 'token_class', 'service_tier']
            ) }}
            and previous_months.next_month = months.billing_month
    left join invoice_states
        on {{ columns_equal('summed', 'invoice_states', account) }}
    left join reviews
        on
            summed.provider = reviews.provider
            and summed.billing_month = reviews.billing_month
            and coalesce(nullif(reviews.model, ''), summed.model) = summed.model
            and coalesce(nullif(reviews.token_class, ''), summed.token_class) = summed.token_class
    left join invoices as main_invoices
        on
            {{ columns_equal('steps', 'main_invoices', account) }}
            and steps.invoice_id = main_invoices.invoice_id
    left join tolerances as line
        on line.check_name = 'line'
    left join tolerances as listed_line
        on listed_line.check_name = 'listed_line'

),

final as (

    select
        provider,
        billing_month,
        billing_account_id,
        currency,
        invoice_id,
        model,
        token_class,
        service_tier,
        metered_quantity,
        exported_quantity,
        invoiced_quantity,
        metered_cost_usd,
        metered_cost,
        exported_cost,
        invoiced_cost,
        variance,
        timing_variance,
        quantity_variance,
        untracked_variance,
        rate_card_variance,
        price_variance,
        export_variance,
        unexplained_variance,
        other_variance,
        metered_request_count,
        exported_request_count,
        consumption_change_usd,
        coalesce(main_cause, '') as main_cause,
        case when main_cause is null then 'matched' else {{ verdict_of('main_cause') }} end
            as verdict,
        {{ next_action_of('main_cause') }} as next_action,
        is_listed,
        case
            when invoice_state = 1 then 'open'
            when invoice_state = 2 then 'superseded'
            when invoice_state = 3 then 'signed_off'
            when main_cause is null then 'matched'
            when is_reviewed then 'explained'
            else 'variance'
        end as status
    from joined

)

select * from final
