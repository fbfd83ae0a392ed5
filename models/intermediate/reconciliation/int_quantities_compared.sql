{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, usage_date, group_key, model, meter,
    service_tier.

    The ledger's quantity beside the provider's, as fine as both can be told apart: by key, by
    project, or for the whole account. Days the provider has not exported, and meters it states no
    quantity of, are not compared: `is_compared` is false and both sides are the ledger's.
    Quantities from an invoice are compared by the month, on its first day.
*/
{% set cell = [
    'provider', 'billing_account_id', 'billing_month', 'usage_date', 'group_key', 'model',
    'meter', 'service_tier'
] %}

with

metered as (

    select * from {{ ref('int_metered_usage_by_account') }}

),

exported as (

    select * from {{ ref('int_exported_quantities') }}

),

cost_rows as (

    select * from {{ ref('int_provider_costs_daily') }}
    where charge_category = 'usage'

),

prices as (

    select * from {{ ref('int_unit_prices_by_period') }}

),

-- Who speaks for a month, and how finely ---------------------------------------------------------

invoiced_months as (

    select distinct
        provider,
        billing_account_id,
        billing_month
    from {{ ref('int_invoice_lines_keyed') }}
    where component = 'usage' and invoice_status <> 'draft'

),

exported_months as (

    select
        exported.provider,
        exported.billing_account_id,
        exported.usage_month as billing_month,
        min(case quantity_source when 'usage' then 1 when 'cost' then 2 else 3 end) as first_source,
        max(case when api_key_id = '(not grouped)' then 1 else 0 end) as lacks_keys,
        max(case when project_id = '(not grouped)' then 1 else 0 end) as lacks_projects,
        count(distinct usage_date) as day_count,
        min(usage_date) as first_date,
        max(case when invoiced_months.provider is null then 0 else 1 end) as is_invoiced
    from exported
    left join invoiced_months
        on
            exported.provider = invoiced_months.provider
            and exported.billing_account_id = invoiced_months.billing_account_id
            and exported.usage_month = invoiced_months.billing_month
    group by
        exported.provider,
        exported.billing_account_id,
        exported.usage_month

),

metered_months as (

    select
        provider,
        billing_account_id,
        billing_month,
        max(case when api_key_id = '(unattributed)' then 1 else 0 end) as lacks_keys,
        max(case when project_id = '(unattributed)' then 1 else 0 end) as lacks_projects,
        count(distinct usage_date) as day_count
    from metered
    group by provider, billing_account_id, billing_month

),

month_grains as (

    select
        exported_months.provider,
        exported_months.billing_account_id,
        exported_months.billing_month,
        exported_months.first_source,
        case
            when exported_months.lacks_keys = 0 and coalesce(metered_months.lacks_keys, 0) = 0
                then 'key'
            when
                exported_months.lacks_projects = 0
                and coalesce(metered_months.lacks_projects, 0) = 0
                then 'project'
            else 'account'
        end as key_grain,
        exported_months.first_source = 3 or (
            exported_months.is_invoiced = 1
            and exported_months.day_count = 1
            and exported_months.first_date
            = {{ first_day_of('exported_months.billing_month') }}
            and metered_months.day_count > 1
        ) as is_monthly
    from exported_months
    left join metered_months
        on
            exported_months.provider = metered_months.provider
            and exported_months.billing_account_id = metered_months.billing_account_id
            and exported_months.billing_month = metered_months.billing_month

),

-- Both sides at the common grain -----------------------------------------------------------------

sides as (

    select
        metered.provider,
        metered.billing_account_id,
        metered.billing_month,
        case
            when month_grains.is_monthly then {{ first_day_of('metered.billing_month') }}
            else metered.usage_date
        end as usage_date,
        case month_grains.key_grain
            when 'key' then metered.api_key_id
            when 'project' then metered.project_id
            else '(account)'
        end as group_key,
        metered.model,
        metered.meter,
        metered.service_tier,
        metered.quantity as metered_quantity,
        metered.cost_usd as metered_cost_usd,
        metered.contract_cost_usd,
        metered.unpriced_quantity,
        metered.partial_call_count,
        metered.unit_price_usd,
        cast(0 as decimal(38, 6)) as exported_quantity,
        0 as is_exported_row
    from metered
    left join month_grains
        on
            metered.provider = month_grains.provider
            and metered.billing_account_id = month_grains.billing_account_id
            and metered.billing_month = month_grains.billing_month

    union all

    select
        exported.provider,
        exported.billing_account_id,
        exported.usage_month as billing_month,
        case
            when month_grains.is_monthly then {{ first_day_of('exported.usage_month') }}
            else exported.usage_date
        end as usage_date,
        case month_grains.key_grain
            when 'key' then exported.api_key_id
            when 'project' then exported.project_id
            else '(account)'
        end as group_key,
        exported.model,
        exported.meter,
        exported.service_tier,
        cast(0 as decimal(38, 6)) as metered_quantity,
        cast(0 as decimal(38, 12)) as metered_cost_usd,
        cast(0 as decimal(38, 12)) as contract_cost_usd,
        cast(0 as decimal(38, 6)) as unpriced_quantity,
        0 as partial_call_count,
        cast(null as decimal(38, 18)) as unit_price_usd,
        exported.quantity as exported_quantity,
        1 as is_exported_row
    from exported
    inner join month_grains
        on
            exported.provider = month_grains.provider
            and exported.billing_account_id = month_grains.billing_account_id
            and exported.usage_month = month_grains.billing_month

),

cells as (

    select
        {{ cell | join(',\n        ') }},
        cast(sum(metered_quantity) as decimal(38, 6)) as metered_quantity,
        cast(sum(metered_cost_usd) as decimal(38, 12)) as metered_cost_usd,
        cast(sum(contract_cost_usd) as decimal(38, 12)) as contract_cost_usd,
        cast(sum(unpriced_quantity) as decimal(38, 6)) as unpriced_quantity,
        cast(sum(partial_call_count) as bigint) as partial_call_count,
        cast(sum(exported_quantity) as decimal(38, 6)) as stated_quantity,
        max(is_exported_row) as is_stated,
        min(unit_price_usd) as lowest_unit_price_usd,
        max(unit_price_usd) as highest_unit_price_usd
    from sides
    group by {{ cell | join(', ') }}

),

-- What is compared at all ------------------------------------------------------------------------

exported_days as (

    select distinct
        exported.provider,
        exported.billing_account_id,
        exported.usage_date,
        1 as source_rank
    from exported
    where exported.quantity_source = 'usage'

    union

    select distinct
        provider,
        billing_account_id,
        usage_date,
        2 as source_rank
    from cost_rows

),

meter_sources as (

    select
        provider,
        billing_account_id,
        usage_month as billing_month,
        model,
        meter,
        min(case quantity_source when 'usage' then 1 when 'cost' then 2 else 3 end) as source_rank
    from exported
    group by provider, billing_account_id, usage_month, model, meter

),

-- Charged, and nobody says for how much: no quantity to compare.
unstated_meters as (

    select distinct
        cost_rows.provider,
        cost_rows.billing_account_id,
        {{ billing_month_of('cost_rows.usage_date') }} as billing_month,
        cost_rows.model,
        cost_rows.meter
    from cost_rows
    left join meter_sources
        on
            cost_rows.provider = meter_sources.provider
            and cost_rows.billing_account_id = meter_sources.billing_account_id
            and {{ billing_month_of('cost_rows.usage_date') }} = meter_sources.billing_month
            and cost_rows.model = meter_sources.model
            and cost_rows.meter = meter_sources.meter
    where meter_sources.provider is null

),

-- Meters our ledger has and no export does: requests where the provider counts none, and the
-- money of costs the provider stated itself.
counted_requests as (

    select distinct
        provider,
        billing_account_id,
        usage_month as billing_month
    from exported
    where meter = 'requests'

),

reported_models as (

    select distinct
        provider,
        billing_account_id,
        billing_month,
        model
    from metered
    where meter = 'provider_reported'

),

ledger_keys as (

    select distinct
        provider,
        api_key_id as group_key
    from metered

    union

    select distinct
        provider,
        project_id as group_key
    from metered

    union

    select distinct
        provider,
        concat('(account)', billing_account_id) as group_key
    from metered

),

decided as (

    select
        cells.*,
        month_grains.key_grain,
        coalesce(meter_sources.source_rank, month_grains.first_source) as source_rank,
        counted_requests.provider is not null as has_request_counts,
        ledger_keys.group_key is not null as is_tracked,
        case
            when month_grains.provider is null then false
            when cells.meter = 'provider_reported' then false
            when cells.meter = 'requests' and counted_requests.provider is null then false
            when unstated_meters.provider is not null then false
            when month_grains.is_monthly then true
            else exported_days.provider is not null
        end as is_compared,
        unstated_meters.provider is not null as is_unstated,
        reported_models.provider is not null as is_reported_model
    from cells
    left join month_grains
        on
            cells.provider = month_grains.provider
            and cells.billing_account_id = month_grains.billing_account_id
            and cells.billing_month = month_grains.billing_month
    left join meter_sources
        on
            cells.provider = meter_sources.provider
            and cells.billing_account_id = meter_sources.billing_account_id
            and cells.billing_month = meter_sources.billing_month
            and cells.model = meter_sources.model
            and cells.meter = meter_sources.meter
    left join exported_days
        on
            cells.provider = exported_days.provider
            and cells.billing_account_id = exported_days.billing_account_id
            and cells.usage_date = exported_days.usage_date
            and coalesce(meter_sources.source_rank, month_grains.first_source)
            = exported_days.source_rank
    left join unstated_meters
        on
            cells.provider = unstated_meters.provider
            and cells.billing_account_id = unstated_meters.billing_account_id
            and cells.billing_month = unstated_meters.billing_month
            and cells.model = unstated_meters.model
            and cells.meter = unstated_meters.meter
    left join reported_models
        on
            cells.meter <> 'provider_reported'
            and cells.provider = reported_models.provider
            and cells.billing_account_id = reported_models.billing_account_id
            and cells.billing_month = reported_models.billing_month
            and cells.model = reported_models.model
    left join counted_requests
        on
            cells.provider = counted_requests.provider
            and cells.billing_account_id = counted_requests.billing_account_id
            and cells.billing_month = counted_requests.billing_month
    left join ledger_keys
        on
            cells.provider = ledger_keys.provider
            and case
                when cells.group_key = '(account)'
                    then concat('(account)', cells.billing_account_id)
                else cells.group_key
            end = ledger_keys.group_key

),

-- Our own price of the day: what the ledger paid here, else elsewhere in the account that day,
-- else all month, else the price list's.
account_prices as (

    select
        decided.*,
        min(lowest_unit_price_usd) over same_day as lowest_of_day,
        max(highest_unit_price_usd) over same_day as highest_of_day,
        min(lowest_unit_price_usd) over same_month as lowest_of_month,
        max(highest_unit_price_usd) over same_month as highest_of_month
    from decided
    window
        same_day as (
            partition by
                provider, billing_account_id, usage_date, model, meter, service_tier
        ),
        same_month as (
            partition by
                provider, billing_account_id, billing_month, model, meter, service_tier
        )

),

final as (

    select
        account_prices.provider,
        account_prices.billing_account_id,
        account_prices.billing_month,
        account_prices.usage_date,
        account_prices.group_key,
        account_prices.model,
        account_prices.meter,
        account_prices.service_tier,
        account_prices.key_grain,
        case account_prices.source_rank when 1 then 'usage' when 2 then 'cost' else 'invoice' end
            as quantity_source,
        account_prices.is_tracked,
        account_prices.is_compared,
        account_prices.is_unstated,
        account_prices.has_request_counts,
        account_prices.metered_quantity,
        account_prices.metered_cost_usd,
        account_prices.contract_cost_usd,
        account_prices.unpriced_quantity,
        account_prices.partial_call_count,
        account_prices.stated_quantity as exported_quantity,
        cast(
            case
                when account_prices.is_compared
                    then account_prices.stated_quantity - account_prices.metered_quantity
                else 0
            end as decimal(38, 6)
        ) as quantity_difference,
        -- Where the provider states the cost of each call, its tokens have no price of their own.
        case when account_prices.is_reported_model then null else coalesce(
            case
                when account_prices.lowest_unit_price_usd = account_prices.highest_unit_price_usd
                    then account_prices.lowest_unit_price_usd
            end,
            case
                when account_prices.lowest_of_day = account_prices.highest_of_day
                    then account_prices.lowest_of_day
            end,
            case
                when account_prices.lowest_of_month = account_prices.highest_of_month
                    then account_prices.lowest_of_month
            end,
            prices.unit_price_usd
        ) end as unit_price_usd
    from account_prices
    left join prices
        on
            account_prices.provider = prices.provider
            and account_prices.model = prices.model
            and account_prices.service_tier = prices.service_tier
            and account_prices.meter = prices.meter
            and account_prices.usage_date >= prices.valid_from
            and account_prices.usage_date < prices.valid_until

)

select * from final
