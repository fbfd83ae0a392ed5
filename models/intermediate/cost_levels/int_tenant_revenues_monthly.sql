/*
    Grain: cost_month, tenant_id; tenants with a contract in a month that has calls.

    The fee of the days a contract holds, and its rate for chargeable usage of those days beyond
    what they include. A later row of a tenant ends the one before it. A fee nobody wrote down is
    unknown revenue. The fee is the whole month's also while the month is open.
*/
with

contracts as (

    select
        *,
        coalesce(valid_from, date '0001-01-01') as starts_on,
        lead(coalesce(valid_from, date '0001-01-01')) over (
            partition by tenant_id
            order by coalesce(valid_from, date '0001-01-01')
        ) as next_starts_on
    from {{ ref('tenant_contracts') }}

),

costs as (

    select * from {{ ref('int_costs_summed_daily') }}

),

forecasts as (

    select * from {{ ref('int_tenant_forecasts_monthly') }}

),

months as (

    select distinct
        {{ billing_month_of('cost_date') }} as cost_month,
        cast({{ first_day_of(billing_month_of('cost_date')) }} as date) as first_day,
        {{ last_day_of(billing_month_of('cost_date')) }} as last_day
    from costs

),

usage_days as (

    select
        cost_date,
        tenant_id,
        cast(sum(chargeable_cost_usd) as decimal(38, 12)) as chargeable_cost_usd
    from costs
    group by cost_date, tenant_id

),

-- grain: cost_month, tenant_id, starts_on; first and last day of the contract in the month
periods as (

    select
        months.cost_month,
        months.first_day,
        months.last_day,
        contracts.tenant_id,
        contracts.plan,
        contracts.monthly_fee_usd,
        contracts.included_usage_usd,
        contracts.overage_rate,
        contracts.revenue_source,
        contracts.starts_on,
        greatest(contracts.starts_on, months.first_day) as from_day,
        least(
            coalesce(cast(contracts.valid_to - interval 1 day as date), months.last_day),
            coalesce(cast(contracts.next_starts_on - interval 1 day as date), months.last_day),
            months.last_day
        ) as to_day
    from months
    inner join contracts
        on
            months.last_day >= contracts.starts_on
            and (contracts.valid_to is null or months.first_day < contracts.valid_to)
            and (contracts.next_starts_on is null or months.first_day < contracts.next_starts_on)

),

used as (

    select
        periods.*,
        usage_days.chargeable_cost_usd
    from periods
    left join usage_days
        on
            periods.tenant_id = usage_days.tenant_id
            and usage_days.cost_date >= periods.from_day
            and usage_days.cost_date <= periods.to_day
    where periods.from_day <= periods.to_day

),

period_sums as (

    select
        cost_month,
        tenant_id,
        plan,
        starts_on,
        revenue_source,
        to_day,
        to_day = last_day as is_last,
        overage_rate,
        {{ days_between('from_day', 'to_day') }} + 1 as contract_days,
        {{ days_between('first_day', 'last_day') }} + 1 as month_days,
        monthly_fee_usd,
        included_usage_usd,
        cast(coalesce(sum(chargeable_cost_usd), 0) as decimal(38, 12)) as usage_usd
    from used
    group by
        cost_month,
        tenant_id,
        plan,
        starts_on,
        revenue_source,
        from_day,
        to_day,
        first_day,
        last_day,
        overage_rate,
        monthly_fee_usd,
        included_usage_usd

),

-- What is still to come lies in the contract that holds at the end of the month.
projected as (

    select
        period_sums.*,
        {{ part_of_month('period_sums.monthly_fee_usd') }} as fee_usd,
        {{ part_of_month('period_sums.included_usage_usd') }} as included_usd,
        case
            when
                period_sums.is_last
                and not forecasts.is_month_complete
                and forecasts.forecast_usd > forecasts.spent_usd
                then {{ share_of_money(
                    'forecasts.forecast_usd - forecasts.spent_usd',
                    'least(coalesce(' ~ share_of(
                        'forecasts.chargeable_cost_usd', 'forecasts.billed_cost_usd'
                    ) ~ ', 1), 1)'
                ) }}
            else 0
        end as coming_usage_usd
    from period_sums
    left join forecasts
        on
            period_sums.cost_month = forecasts.cost_month
            and period_sums.tenant_id = forecasts.tenant_id

),

priced as (

    select
        *,
        {{ overage_usd('usage_usd') }} as overage_usd,
        {{ overage_usd('usage_usd + coming_usage_usd') }} as projected_overage_usd
    from projected

),

final as (

    select
        cost_month,
        tenant_id,
        max(case when starts_on = last_starts_on then plan end) as plan,
        case
            when min(revenue_source) = max(revenue_source) then min(revenue_source)
            else concat(min(revenue_source), ', ', max(revenue_source))
        end as revenue_source,
        cast(sum(contract_days) as bigint) as contract_days,
        cast(sum(usage_usd) as decimal(38, 12)) as usage_usd,
        cast(sum(overage_usd) as decimal(38, 12)) as overage_usd,
        case
            when count(*) = count(fee_usd)
                then cast(sum(fee_usd + overage_usd) as decimal(38, 12))
        end as revenue_usd,
        case
            when count(*) = count(fee_usd)
                then cast(sum(fee_usd + projected_overage_usd) as decimal(38, 12))
        end as projected_revenue_usd
    from (
        select
            *,
            max(starts_on) over (partition by cost_month, tenant_id) as last_starts_on
        from priced
    ) as latest
    group by cost_month, tenant_id

)

select * from final
