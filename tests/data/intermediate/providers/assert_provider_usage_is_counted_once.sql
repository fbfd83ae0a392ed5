/*
    Every current usage line that landed is in exactly one cell of fct_provider_usage_daily, or
    in an origin not chosen; where an origin is chosen on all its days, its meters sum to what the
    raw table says by itself.
    Rows returned are datasets and meters that differ.
*/
with

sources_daily as (

    select * from {{ ref('fct_provider_sources_daily') }}
    where line_kind = 'usage'

),

raw_lines as (

    select * from {{ source('bills', 'provider_lines') }}
    where is_current and line_kind = 'usage'

),

raw_counts as (

    select
        source || ' ' || dataset as part,
        count(*) as amount
    from raw_lines
    group by source || ' ' || dataset

),

shown_counts as (

    select
        source || ' ' || dataset as part,
        sum(line_count) as amount
    from sources_daily
    group by source || ' ' || dataset

),

-- Origins passed over on some day cannot be compared without the models' own days; nor can a
-- source that several providers use.
source_providers as (

    select
        source,
        max(provider) as provider
    from sources_daily
    group by source
    having count(distinct provider) = 1

),

whole_providers as (

    select sources_daily.provider
    from sources_daily
    left join source_providers
        on sources_daily.source = source_providers.source
    group by sources_daily.provider
    having
        min(case
            when sources_daily.is_chosen and source_providers.provider is not null then 1
            else 0
        end) = 1

),

raw_meters as (

    select
        source_providers.provider || ' ' || raw_lines.meter as part,
        cast(sum(raw_lines.quantity) as decimal(38, 6)) as amount
    from raw_lines
    inner join source_providers
        on raw_lines.source = source_providers.source
    where source_providers.provider in (select provider from whole_providers)
    group by source_providers.provider || ' ' || raw_lines.meter

),

shown_meters as (

    select
        provider || ' ' || meter as part,
        cast(sum(quantity) as decimal(38, 6)) as amount
    from {{ ref('fct_provider_usage_daily') }}
    where provider in (select provider from whole_providers)
    group by provider || ' ' || meter

)

select
    coalesce(raw_counts.part, shown_counts.part) as part,
    cast(raw_counts.amount as decimal(38, 6)) as expected,
    cast(shown_counts.amount as decimal(38, 6)) as found
from raw_counts
full outer join shown_counts on raw_counts.part = shown_counts.part
where raw_counts.amount is distinct from shown_counts.amount

union all

select
    coalesce(raw_meters.part, shown_meters.part) as part,
    raw_meters.amount as expected,
    shown_meters.amount as found
from raw_meters
full outer join shown_meters on raw_meters.part = shown_meters.part
where raw_meters.amount is distinct from shown_meters.amount
