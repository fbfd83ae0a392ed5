-- What was used, from the hourly ledger: day x key x SKU x who used it.
create or replace temporary table ledger_usage as
with

hourly as (

    select
        reporting_date,
        provider,
        model,
        service_tier,
        project_id,
        api_key_id,
        tenant_id,
        feature,
        team,
        environment,
        workload_class,
        min(prompt_version) as first_prompt,
        max(prompt_version) as last_prompt,
        sum(call_count) as requests,
        sum(uncached_input_tokens) as "input",
        sum(cache_read_tokens) as cache_read,
        sum(cache_write_5m_tokens) as cache_write_5m,
        sum(cache_write_1h_tokens) as cache_write_1h,
        sum(output_tokens) as "output",
        sum(billed_cost_usd) as billed_cost_usd
    from marts.fct_costs_hourly
    where reporting_date between $first_day and $last_day
    group by
        reporting_date,
        provider,
        model,
        service_tier,
        project_id,
        api_key_id,
        tenant_id,
        feature,
        team,
        environment,
        workload_class

),

long as (

    select
        hourly.*,
        unnest(['requests', 'input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output'])
            as meter,
        unnest([requests, "input", cache_read, cache_write_5m, cache_write_1h, "output"])
            as quantity
    from hourly

)

select
    reporting_date as cost_date,
    provider,
    model,
    service_tier,
    project_id,
    api_key_id,
    tenant_id,
    feature,
    team,
    environment,
    workload_class,
    first_prompt,
    last_prompt,
    meter,
    cast(quantity as hugeint) as quantity,
    billed_cost_usd
from long
where quantity > 0 or meter = 'requests';
