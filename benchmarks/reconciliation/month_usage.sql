/*
    Grain: day, provider, project, key, model, tier, meter.
    What the providers of a lake's calls would count.
*/
with

counted as (

    select
        case
            when provider = 'google' then timezone('America/Los_Angeles', started_at)::date
            else event_date
        end as usage_date,
        provider,
        project_id,
        api_key_id,
        model,
        case when is_batch then 'batch' else 'standard' end as service_tier,
        sum(uncached_input_tokens) as input,
        sum(cache_read_tokens) as cache_read,
        sum(cache_write_5m_tokens) as cache_write_5m,
        sum(output_tokens) as output,
        count(*) as requests
    from read_parquet($files, hive_partitioning = true)
    where is_current and not is_cache_hit and outcome in ('success', 'aborted')
    group by all

)

select
    usage_date,
    provider,
    project_id,
    api_key_id,
    model,
    service_tier,
    meter,
    quantity::decimal(38, 6) as quantity
from counted
unpivot (quantity for meter in (input, cache_read, cache_write_5m, output, requests))
where quantity > 0
