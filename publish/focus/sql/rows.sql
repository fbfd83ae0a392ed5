-- The charges spelt as FOCUS. Columns of every version; each export takes its own.
create or replace temporary table focus_rows as
with

effective as (

    -- What finance says of a component's effective cost; a provider's own rule beats `*`.
    select
        component,
        provider,
        max(effective_cost) as effective_cost
    from seeds.allocation_rules
    where
        $last_day >= coalesce(valid_from, date '0001-01-01')
        and $last_day < coalesce(valid_to, date '9999-12-31')
    group by
        component,
        provider

),

classed as (

    select
        charges.*,
        case
            when charges.component in ('used', 'untracked_keys') then 'Usage'
            when charges.component = 'credits' then 'Credit'
            when charges.component = 'tax' then 'Tax'
            when charges.component in (
                'unexplained', 'commitment_true_up', 'fees_and_adjustments', 'total_rounding'
            )
                then 'Adjustment'
            else 'Usage'
        end as charge_category,
        model not in ('', '(invoice)') as is_sku,
        regexp_matches(meter, '^(input|output|cache_|unparsed)') as is_token,
        coalesce(own.effective_cost, general.effective_cost, 'billed') as effective_cost
    from focus_charges as charges
    left join effective as own
        on charges.provider = own.provider and charges.component = own.component
    left join effective as general
        on general.provider = '*' and charges.component = general.component

),

measured as (

    select
        *,
        charge_category = 'Usage' and is_sku as is_usage,
        cast(
            pointed(billed_amount, 12) as decimal(38, 12)
        ) as billed_cost,
        cast(pointed(list_amount, 12) as decimal(38, 12)) as list_cost,
        cast(pointed(contracted_amount, 12) as decimal(38, 12)) as contracted_cost,
        case
            when charge_category = 'Usage' and is_sku
                then cast(pointed(coalesce(quantity, 0), 6) as decimal(38, 12))
        end as consumed_quantity,
        case
            when charge_category = 'Usage' and is_sku
                then cast(
                    pointed(coalesce(quantity, 0), case when is_token then 12 else 6 end)
                    as decimal(38, 12)
                )
        end as pricing_quantity,
        -- Exact or not stated: a mix of prices has no unit price.
        case
            when
                component = 'used' and quantity > 0 and list_amount >= 0
                and list_amount * 1000000000 % quantity = 0
                then cast(
                    pointed(
                        list_amount * 1000000000 // quantity,
                        case when is_token then 9 else 15 end
                    ) as decimal(38, 15)
                )
        end as list_unit_price
    from classed

)

select
    cast(billed_cost as decimal(38, 12)) as BilledCost,
    billing_account_id as BillingAccountId,
    billing_account_id as BillingAccountName,
    'Organization' as BillingAccountType,
    currency as BillingCurrency,
    $first_day::timestamp at time zone 'UTC' as BillingPeriodStart,
    ($last_day + 1)::timestamp at time zone 'UTC' as BillingPeriodEnd,
    charge_category as ChargeCategory,
    cast(null as varchar) as ChargeClass,
    case
        when component = 'used' then concat(model, ' ', replace(meter, '_', ' '))
        when is_sku
            then concat(replace(component, '_', ' '), ': ', model, ' ', replace(meter, '_', ' '))
        else replace(component, '_', ' ')
    end as ChargeDescription,
    case
        when charge_category = 'Usage' then 'Usage-Based'
        else 'One-Time'
    end as ChargeFrequency,
    coalesce(cost_date, $first_day)::timestamp at time zone 'UTC' as ChargePeriodStart,
    coalesce(cost_date + 1, $last_day + 1)::timestamp at time zone 'UTC' as ChargePeriodEnd,
    cast(null as varchar) as CommitmentDiscountStatus,
    consumed_quantity as ConsumedQuantity,
    case when is_usage then case when is_token then 'Tokens' else 'Units' end end as ConsumedUnit,
    contracted_cost as ContractedCost,
    case when contracted_amount = list_amount then list_unit_price end as ContractedUnitPrice,
    case when effective_cost = 'zero' then cast(0 as decimal(38, 12)) else billed_cost end
        as EffectiveCost,
    provider as HostProviderName,
    case when invoice_id <> '(not invoiced)' then concat(invoice_id, '/', charge_category) end
        as InvoiceDetailId,
    case when invoice_id <> '(not invoiced)' then invoice_id end as InvoiceId,
    provider as InvoiceIssuerName,
    list_cost as ListCost,
    list_unit_price as ListUnitPrice,
    case when is_usage then 'Standard' end as PricingCategory,
    currency as PricingCurrency,
    case when contracted_amount = list_amount then list_unit_price end
        as PricingCurrencyContractedUnitPrice,
    case when effective_cost = 'zero' then cast(0 as decimal(38, 12)) else billed_cost end
        as PricingCurrencyEffectiveCost,
    list_unit_price as PricingCurrencyListUnitPrice,
    pricing_quantity as PricingQuantity,
    case when is_usage then case when is_token then '1000000 Tokens' else 'Units' end end
        as PricingUnit,
    provider as ProviderName,
    provider as PublisherName,
    provider as ServiceProviderName,
    'AI and Machine Learning' as ServiceCategory,
    concat(provider, ' API') as ServiceName,
    'Generative AI' as ServiceSubcategory,
    case when is_sku then concat_ws('/', provider, model, meter) end as SkuId,
    case when is_sku then replace(meter, '_', ' ') end as SkuMeter,
    case
        when is_sku
            then cast(
                json_object('x_Model', model, 'x_TokenType', meter, 'x_ServiceTier', service_tier)
                as varchar
            )
    end as SkuPriceDetails,
    case when is_sku then concat_ws('/', provider, model, meter, service_tier) end as SkuPriceId,
    case when project_id <> '(unattributed)' then project_id end as SubAccountId,
    case when project_id <> '(unattributed)' then project_id end as SubAccountName,
    case when project_id <> '(unattributed)' then 'Project' end as SubAccountType,
    cast(
        json_object(
            'tenant', coalesce(tenant_id, '(untracked)'),
            'workload', coalesce(feature, '(untracked)')
        ) as varchar
    ) as Tags,
    case when is_sku then model end as x_Model,
    case when is_sku then meter end as x_TokenType,
    prompt_version as x_PromptVersion,
    case when is_sku then service_tier end as x_ServiceTier,
    coalesce(feature, '(untracked)') as x_Workload,
    coalesce(tenant_id, '(untracked)') as x_Tenant,
    component as x_BridgeComponent,
    nullif(cause, '') as x_Cause
from measured
order by
    provider,
    billing_account_id,
    invoice_id,
    currency,
    cost_date,
    project_id,
    component,
    cause,
    model,
    meter,
    service_tier,
    feature,
    tenant_id;
