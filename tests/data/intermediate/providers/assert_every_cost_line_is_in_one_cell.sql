/*
    Every current cost line that landed is in exactly one cell of fct_provider_costs_daily, or in
    an origin that fct_provider_sources_daily shows as not chosen: same lines and same money as
    the raw table says by itself. A cell may round its sum to twelve decimals.
    Rows returned are days, or all days, that differ.
*/
with

raw_lines as (

    select
        source,
        dataset,
        count(*) as line_count,
        coalesce(sum(amount), 0) as cost
    from {{ source('bills', 'provider_lines') }}
    where is_current and line_kind = 'cost'
    group by
        source,
        dataset

),

shown as (

    select
        source,
        dataset,
        sum(line_count) as line_count,
        coalesce(sum(cost), 0) as cost,
        count(*) as cell_count
    from {{ ref('fct_provider_sources_daily') }}
    where line_kind = 'cost'
    group by
        source,
        dataset

),

chosen as (

    select
        provider,
        billing_account_id,
        usage_date,
        sum(line_count) as line_count,
        coalesce(sum(cost), 0) as cost,
        count(*) as cell_count
    from {{ ref('fct_provider_sources_daily') }}
    where line_kind = 'cost' and is_chosen
    group by
        provider,
        billing_account_id,
        usage_date

),

cells as (

    select
        provider,
        billing_account_id,
        usage_date,
        sum(line_count) as line_count,
        coalesce(sum(cost), 0) as cost,
        count(*) as cell_count
    from {{ ref('fct_provider_costs_daily') }}
    group by
        provider,
        billing_account_id,
        usage_date

)

select
    coalesce(raw_lines.source, shown.source) as place,
    coalesce(raw_lines.dataset, shown.dataset) as part,
    raw_lines.line_count as expected_line_count,
    shown.line_count as found_line_count,
    cast(raw_lines.cost as decimal(38, 12)) as expected_cost,
    cast(shown.cost as decimal(38, 12)) as found_cost
from raw_lines
full outer join shown
    on
        raw_lines.source = shown.source
        and raw_lines.dataset = shown.dataset
where
    raw_lines.line_count is distinct from shown.line_count
    or abs(raw_lines.cost - shown.cost) > 0.000000000001 * shown.cell_count

union all

select
    coalesce(chosen.provider, cells.provider) as place,
    cast(coalesce(chosen.usage_date, cells.usage_date) as varchar) as part,
    chosen.line_count as expected_line_count,
    cells.line_count as found_line_count,
    cast(chosen.cost as decimal(38, 12)) as expected_cost,
    cast(cells.cost as decimal(38, 12)) as found_cost
from chosen
full outer join cells
    on
        chosen.provider = cells.provider
        and chosen.billing_account_id = cells.billing_account_id
        and chosen.usage_date = cells.usage_date
where
    chosen.line_count is distinct from cells.line_count
    or abs(chosen.cost - cells.cost) > 0.000000000001 * (chosen.cell_count + cells.cell_count)
