-- The CTE of rollup.sql and reconcile.sql that reads the price list.
prices as (

    select
        provider,
        model,
        is_batch,
        valid_from::timestamptz as valid_from,
        coalesce(valid_to::timestamptz, timestamptz '9999-01-01 00:00:00+00') as valid_to,
        input_tokens_over,
        coalesce(
            lead(input_tokens_over) over (
                partition by provider, model, is_batch, valid_from order by input_tokens_over
            ),
            9000000000
        ) as input_tokens_up_to,
        (input_usd_per_million * share)::decimal(12, 6) as input_usd,
        (cache_read_usd_per_million * share)::decimal(12, 6) as cache_read_usd,
        (cache_write_5m_usd_per_million * share)::decimal(12, 6) as cache_write_usd,
        (output_usd_per_million * share)::decimal(12, 6) as output_usd
    from read_csv(
        '$price_list',
        types = {
            'valid_from': 'varchar', 'valid_to': 'varchar', 'input_tokens_over': 'bigint',
            'input_usd_per_million': 'decimal(12,6)', 'cache_read_usd_per_million': 'decimal(12,6)',
            'cache_write_5m_usd_per_million': 'decimal(12,6)',
            'output_usd_per_million': 'decimal(12,6)'
        }
    )
    cross join (values (false, 1.0), (true, 0.5)) as kinds(is_batch, share)
    where service_tier = 'standard' and daily_from_utc is null

)
