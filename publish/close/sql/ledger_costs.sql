-- Amounts become whole numbers by dropping the point of their text: a multiplication may round.
-- What each SKU of a day and key cost, and the narrowest ledger rows that can have caused it:
-- 1 the same key, SKU and tier; 2 the same key and SKU; 3 the same key and model; 4 the same key.
create or replace temporary table ledger_costs as
with

metered as (

    select
        row_number() over (
            order by cost_date, provider, project_id, api_key_id, model, meter, service_tier,
                event_date, provider_date
        ) as metered_id,
        cost_date,
        provider,
        coalesce(accounts.billing_account_id, '') as billing_account_id,
        coalesce(project_id, '(unattributed)') as project_id,
        coalesce(api_key_id, '(unattributed)') as api_key_id,
        model,
        meter,
        service_tier,
        cast(replace(cast(cast(quantity as decimal(38, 6)) as varchar), '.', '') as hugeint)
            as quantity_millionths,
        cast(
            replace(cast(cast(coalesce(cost_usd, 0) as decimal(38, 12)) as varchar), '.', '')
            as hugeint
        ) as cost_picodollars
    from intermediate.int_metered_usage_daily as usage
    left join intermediate.int_metered_keys_matched as accounts
        using (provider, project_id, api_key_id)
    where cost_date between $first_day and $last_day

),

candidates as (

    select metered.metered_id, 1 as level
    from metered
    semi join ledger_usage using (
        cost_date, provider, project_id, api_key_id, model, meter, service_tier
    )

    union all

    select metered.metered_id, 2 as level
    from metered
    semi join ledger_usage using (cost_date, provider, project_id, api_key_id, model, meter)

    union all

    select metered.metered_id, 3 as level
    from metered
    semi join ledger_usage using (cost_date, provider, project_id, api_key_id, model)

    union all

    select metered.metered_id, 4 as level
    from metered
    semi join ledger_usage using (cost_date, provider, project_id, api_key_id)

),

narrowest as (

    select
        metered_id,
        min(level) as level
    from candidates
    group by metered_id

)

select
    metered.*,
    coalesce(narrowest.level, 5) as level
from metered
left join narrowest using (metered_id);
