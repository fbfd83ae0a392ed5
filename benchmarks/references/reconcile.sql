/*
    Grain: provider, month, model, meter, tier.
    Ledger, usage export, cost export and invoice of each month side by side: what one would write
    by hand who knows that nothing is wrong with any of them.
*/
create or replace table reconciliation as
with

$prices,

-- By key and day on the provider's clock: untracked keys and the day's cut cannot be told without.
days as (

    select
        case
            when calls.provider = 'google'
                then timezone('America/Los_Angeles', calls.started_at)::date
            else calls.event_date
        end as usage_date,
        calls.provider,
        calls.project_id,
        calls.api_key_id,
        calls.model,
        case when calls.is_batch then 'batch' else 'standard' end as tier,
        count(*) as requests,
        sum(calls.uncached_input_tokens) as input,
        sum(calls.cache_read_tokens) as cache_read,
        sum(calls.cache_write_5m_tokens) as cache_write_5m,
        sum(calls.output_tokens) as output,
        sum(calls.uncached_input_tokens::integer * prices.input_usd) as input_cost,
        sum(calls.cache_read_tokens::integer * prices.cache_read_usd) as cache_read_cost,
        sum(calls.cache_write_5m_tokens::integer * prices.cache_write_usd) as cache_write_5m_cost,
        sum(calls.output_tokens::integer * prices.output_usd) as output_cost
    from read_parquet($calls, hive_partitioning = true) as calls
    left join prices
        on
            calls.provider = prices.provider
            and calls.model = prices.model
            and calls.is_batch = prices.is_batch
            and calls.started_at >= prices.valid_from
            and calls.started_at < prices.valid_to
            and greatest(
                calls.uncached_input_tokens + calls.cache_read_tokens
                + calls.cache_write_5m_tokens, 1
            ) > prices.input_tokens_over
            and greatest(
                calls.uncached_input_tokens + calls.cache_read_tokens
                + calls.cache_write_5m_tokens, 1
            ) <= prices.input_tokens_up_to
    where calls.is_current and not calls.is_cache_hit
    group by all

),

ledger as (

    select usage_date, provider, project_id, api_key_id, model, tier, 'requests' as meter,
        requests as quantity, 0 as cost
    from days
    union all
    select usage_date, provider, project_id, api_key_id, model, tier, 'input', input, input_cost
    from days
    union all
    select usage_date, provider, project_id, api_key_id, model, tier, 'cache_read', cache_read,
        cache_read_cost
    from days
    union all
    select usage_date, provider, project_id, api_key_id, model, tier, 'cache_write_5m',
        cache_write_5m, cache_write_5m_cost
    from days
    union all
    select usage_date, provider, project_id, api_key_id, model, tier, 'output', output, output_cost
    from days

),

usage as (

    select
        timezone(
            case when issuer = 'google' then 'America/Los_Angeles' else 'UTC' end, period_start_at
        )::date as usage_date,
        issuer as provider,
        project_id,
        api_key_id,
        model,
        service_tier as tier,
        meter,
        sum(quantity) as quantity
    from read_parquet($bills, hive_partitioning = true)
    where is_current and line_kind = 'usage'
    group by all

),

by_key as (

    select
        coalesce(ledger.provider, usage.provider) as provider,
        left(coalesce(ledger.usage_date, usage.usage_date)::varchar, 7) as month,
        coalesce(ledger.model, usage.model) as model,
        coalesce(ledger.meter, usage.meter) as meter,
        coalesce(ledger.tier, usage.tier) as tier,
        sum(ledger.quantity) as metered_quantity,
        sum(ledger.cost) * 0.000001 as metered_cost_usd,
        sum(usage.quantity) as exported_quantity,
        sum(case when ledger.provider is null then usage.quantity end) as untracked_quantity
    from ledger
    full outer join usage
        using (usage_date, provider, project_id, api_key_id, model, tier, meter)
    group by all

),

costs as (

    select
        issuer as provider,
        left(event_date::varchar, 7) as month,
        model,
        case token_type
            when 'input tokens' then 'input'
            when 'cached input tokens' then 'cache_read'
            when 'cache write tokens' then 'cache_write_5m'
            else 'output'
        end as meter,
        service_tier as tier,
        sum(amount) as exported_cost
    from read_parquet($bills, hive_partitioning = true)
    where is_current and line_kind = 'cost'
    group by all

),

invoices as (

    select
        issuer as provider,
        billing_month as month,
        model,
        meter,
        service_tier as tier,
        sum(amount) as invoiced_cost
    from read_parquet($invoices, hive_partitioning = true)
    where is_current
    group by all

)

select *
from by_key
full outer join costs using (provider, month, model, meter, tier)
full outer join invoices using (provider, month, model, meter, tier)
