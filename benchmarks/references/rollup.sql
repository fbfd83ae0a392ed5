/*
    Grain: event_date, tenant_id, feature, model.
    Prices and rolls up landed calls in one pass: what one would write by hand who knows that
    nothing is wrong with the calls. Batch is half price; long contexts have their own price.
*/
create or replace table daily_costs as
with

$prices,

priced as (

    select
        calls.event_date,
        calls.tenant_id,
        calls.feature,
        calls.model,
        calls.uncached_input_tokens,
        calls.cache_read_tokens,
        calls.cache_write_5m_tokens,
        calls.output_tokens,
        case
            when calls.is_cache_hit then 0
            else (
                calls.uncached_input_tokens::integer * prices.input_usd
                + calls.cache_read_tokens::integer * prices.cache_read_usd
                + calls.cache_write_5m_tokens::integer * prices.cache_write_usd
                + case
                    when calls.output_tokens > 0
                        then calls.output_tokens::integer * prices.output_usd
                    else 0
                end
            )
        end as cost_micro_usd
    from read_parquet($files, hive_partitioning = true) as calls
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
    where calls.is_current

)

select
    event_date,
    tenant_id,
    feature,
    model,
    count(*) as call_count,
    sum(uncached_input_tokens) as uncached_input_tokens,
    sum(cache_read_tokens) as cache_read_tokens,
    sum(cache_write_5m_tokens) as cache_write_5m_tokens,
    sum(output_tokens) as output_tokens,
    sum(cost_micro_usd) * 0.000001 as billed_cost_usd
from priced
group by event_date, tenant_id, feature, model
