-- Every charge of a month, before it is spelt as FOCUS. Grain of used SKUs: invoice x day x project
-- x SKU x workload x tenant; everything else is one row per cell of the bridge.
-- Amounts are shared in whole picounits by largest remainder, so that the rows of an invoice sum
-- to it exactly.
create or replace temporary table focus_charges as
with

bridge as (

    select
        provider,
        coalesce(billing_account_id, '(unmapped)') as billing_account_id,
        invoice_id,
        currency,
        step,
        component,
        cause,
        model,
        token_class as meter,
        service_tier,
        quantity,
        unit,
        cast(replace(cast(cast(amount as decimal(38, 12)) as varchar), '.', '') as hugeint)
            as amount
    from marts.fct_invoice_bridge_monthly
    where billing_month = $month and step <> 90

),

accounts as (

    select
        provider,
        count(distinct billing_account_id) as account_count
    from bridge
    group by provider

),

used as (

    select
        cost_date,
        provider,
        billing_account_id,
        project_id,
        model,
        meter,
        service_tier,
        feature,
        tenant_id,
        -- The one prompt version behind the row; several have no name.
        case when min(prompt_version) = max(prompt_version) then min(prompt_version) end
            as prompt_version,
        cast(replace(cast(cast(sum(quantity) as decimal(38, 6)) as varchar), '.', '') as hugeint)
            as quantity,
        cast(replace(cast(cast(sum(cost_usd) as decimal(38, 12)) as varchar), '.', '') as hugeint)
            as cost
    from ledger_lines
    group by
        cost_date,
        provider,
        billing_account_id,
        project_id,
        model,
        meter,
        service_tier,
        feature,
        tenant_id

),

skus as (

    select
        provider,
        billing_account_id,
        invoice_id,
        currency,
        model,
        meter,
        service_tier,
        sum(case when step = 10 then amount else 0 end) as list_amount,
        sum(case when step in (10, 41) then amount else 0 end) as contracted_amount,
        sum(amount) as billed_amount
    from bridge
    where step in (10, 20, 31, 41, 42, 50)
    group by
        provider,
        billing_account_id,
        invoice_id,
        currency,
        model,
        meter,
        service_tier

),

matched as (

    select
        row_number() over (
            order by skus.provider, skus.billing_account_id, skus.invoice_id, skus.currency,
                skus.model, skus.meter, skus.service_tier
        ) as sku_number,
        skus.*
    from skus
    where exists (
        select 1
        from used
        where
            used.provider = skus.provider
            and used.billing_account_id in ('', skus.billing_account_id)
            and used.model = skus.model
            and used.meter = skus.meter
            and used.service_tier = skus.service_tier
    )

),

weighed as (

    select
        matched.*,
        used.cost_date,
        used.project_id,
        used.feature,
        used.tenant_id,
        used.prompt_version,
        used.quantity,
        case
            when sum(used.cost) over (partition by sku_number) > 0 then used.cost
            when sum(used.quantity) over (partition by sku_number) > 0 then used.quantity
            else 1
        end as weight
    from matched
    inner join used
        on
            matched.provider = used.provider
            and used.billing_account_id in ('', matched.billing_account_id)
            and matched.model = used.model
            and matched.meter = used.meter
            and matched.service_tier = used.service_tier

),

shares as (

    select
        *,
        sum(weight) over (partition by sku_number) as weights
    from weighed

),

floored as (

    -- Of the sign's absolute amount, so that // and % mean the same on both sides of zero.
    select
        *,
        abs(list_amount) * weight // weights as list_floor,
        abs(list_amount) * weight % weights as list_rest,
        abs(contracted_amount) * weight // weights as contracted_floor,
        abs(contracted_amount) * weight % weights as contracted_rest,
        abs(billed_amount) * weight // weights as billed_floor,
        abs(billed_amount) * weight % weights as billed_rest
    from shares

),

ranked as (

    select
        *,
        abs(list_amount) - sum(list_floor) over (partition by sku_number) as list_left,
        abs(contracted_amount) - sum(contracted_floor) over (partition by sku_number)
            as contracted_left,
        abs(billed_amount) - sum(billed_floor) over (partition by sku_number) as billed_left,
        row_number() over (
            partition by sku_number
            order by list_rest desc, cost_date, project_id, feature, tenant_id
        ) as list_place,
        row_number() over (
            partition by sku_number
            order by contracted_rest desc, cost_date, project_id, feature, tenant_id
        ) as contracted_place,
        row_number() over (
            partition by sku_number
            order by billed_rest desc, cost_date, project_id, feature, tenant_id
        ) as billed_place
    from floored

),

shared as (

    select
        provider,
        billing_account_id,
        invoice_id,
        currency,
        'used' as component,
        '' as cause,
        model,
        meter,
        service_tier,
        cost_date,
        project_id,
        feature,
        tenant_id,
        prompt_version,
        quantity,
        sign(list_amount) * (list_floor + case when list_place <= list_left then 1 else 0 end)
            as list_amount,
        sign(contracted_amount)
        * (contracted_floor + case when contracted_place <= contracted_left then 1 else 0 end)
            as contracted_amount,
        sign(billed_amount)
        * (billed_floor + case when billed_place <= billed_left then 1 else 0 end)
            as billed_amount
    from ranked

),

others as (

    select
        bridge.provider,
        bridge.billing_account_id,
        bridge.invoice_id,
        bridge.currency,
        bridge.component,
        bridge.cause,
        bridge.model,
        bridge.meter,
        bridge.service_tier,
        cast(null as date) as cost_date,
        cast(null as varchar) as project_id,
        cast(null as varchar) as feature,
        cast(null as varchar) as tenant_id,
        cast(null as varchar) as prompt_version,
        cast(
            replace(cast(cast(sum(bridge.quantity) as decimal(38, 6)) as varchar), '.', '')
            as hugeint
        ) as quantity,
        sum(bridge.amount) as list_amount,
        sum(bridge.amount) as contracted_amount,
        sum(bridge.amount) as billed_amount
    from bridge
    left join matched using (
        provider, billing_account_id, invoice_id, currency, model, meter, service_tier
    )
    where
        bridge.amount <> 0
        and (bridge.step not in (10, 20, 31, 41, 42, 50) or matched.sku_number is null)
    group by
        bridge.provider,
        bridge.billing_account_id,
        bridge.invoice_id,
        bridge.currency,
        bridge.component,
        bridge.cause,
        bridge.model,
        bridge.meter,
        bridge.service_tier

)

select * from shared
where meter <> 'requests' or billed_amount <> 0
union all by name
select * from others
where billed_amount <> 0;
