{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, usage_date, line_kind, source, dataset.

    One day of one account may be stated twice: by an API and by a CSV, natively and as FOCUS.
    The origin that the seed bill_source_preferences prefers counts, whole; the others are shown
    and not added. Datasets of one origin complete each other. Origins nobody ranked come last;
    those ranked without a preference (estimates, parts of another report) never count.
*/
with

usage_lines as (

    select * from {{ ref('int_provider_usage_lines_dated') }}

),

cost_lines as (

    select * from {{ ref('int_provider_cost_lines_dated') }}

),

preferences as (

    select * from {{ ref('bill_source_preferences') }}

),

stated as (

    select
        provider,
        billing_account_id,
        usage_date,
        line_kind,
        source,
        dataset,
        count(*) as line_count,
        cast(null as decimal(38, 12)) as cost
    from usage_lines
    group by provider, billing_account_id, usage_date, line_kind, source, dataset

    union all

    select
        provider,
        billing_account_id,
        usage_date,
        line_kind,
        source,
        dataset,
        count(*) as line_count,
        cast(sum(amount) as decimal(38, 12)) as cost
    from cost_lines
    group by provider, billing_account_id, usage_date, line_kind, source, dataset

),

ranked as (

    select
        stated.*,
        preferences.origin,
        preferences.preference,
        row_number() over (
            partition by
                stated.provider,
                stated.billing_account_id,
                stated.usage_date,
                stated.line_kind,
                stated.source,
                stated.dataset
            order by
                {{ pattern_rank('preferences.dataset') }} desc,
                preferences.valid_from desc
        ) as preference_rank
    from stated
    left join preferences
        on
            stated.line_kind = preferences.line_kind
            and stated.source = preferences.source
            and {{ fits_pattern('stated.dataset', 'preferences.dataset') }}
            and stated.usage_date >= preferences.valid_from

),

named as (

    select
        provider,
        billing_account_id,
        usage_date,
        line_kind,
        source,
        dataset,
        coalesce(origin, source || ' ' || dataset) as origin,
        case when origin is null then 1000 else preference end as preference,
        line_count,
        cost
    from ranked
    where preference_rank = 1

),

final as (

    select
        *,
        preference is not null and first_value(origin) over (
            partition by provider, billing_account_id, usage_date, line_kind
            order by case when preference is null then 1 else 0 end, preference, origin
        ) = origin as is_chosen
    from named

)

select * from final
