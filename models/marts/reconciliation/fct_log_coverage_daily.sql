/*
    Grain: provider, billing_account_id, usage_date.

    Did traffic fall, or did our log break? Our calls beside the provider's requests, or our
    tokens beside its tokens where it states no requests, each with its own level of the weeks
    before. The level of our coverage is taken from sound days only, so that a log broken for
    weeks does not become the new level. Days before the first export are left out.
*/
{% set series = 'partition by provider, billing_account_id order by usage_date' %}

with

hourly as (

    select * from {{ ref('fct_costs_hourly') }}

),

billing_clocks as (

    select * from {{ ref('billing_clocks') }}

),

usage_daily as (

    select * from {{ ref('fct_provider_usage_daily') }}

),

costs_daily as (

    select * from {{ ref('fct_provider_costs_daily') }}

),

-- Where our calls belong: the account of their project, else the provider's only account.
bill_keys as (

    select
        provider,
        billing_account_id,
        project_id
    from usage_daily

    union

    select
        provider,
        billing_account_id,
        project_id
    from costs_daily

),

project_accounts as (

    select
        provider,
        project_id,
        max(billing_account_id) as billing_account_id
    from bill_keys
    group by
        provider,
        project_id
    having count(distinct billing_account_id) = 1

),

only_accounts as (

    select
        provider,
        max(billing_account_id) as billing_account_id
    from bill_keys
    group by provider
    having count(distinct billing_account_id) = 1

),

placed as (

    select
        hourly.*,
        coalesce(
            only_accounts.billing_account_id,
            project_accounts.billing_account_id,
            '(unmapped)'
        ) as billing_account_id,
        coalesce(billing_clocks.time_zone, 'UTC') as time_zone
    from hourly
    left join project_accounts
        on
            hourly.provider = project_accounts.provider
            and hourly.project_id = project_accounts.project_id
    left join only_accounts
        on hourly.provider = only_accounts.provider
    left join billing_clocks
        on hourly.provider = billing_clocks.provider
    where hourly.pricing_status != 'not_billable'

),

dated as (

    select
        placed.*,
        {{ date_in_zone_of('placed.hour_at', 'placed.time_zone') }} as usage_date
    from placed

),

logged as (

    select
        provider,
        billing_account_id,
        usage_date,
        sum(call_count) as call_count,
        sum(
            coalesce(uncached_input_tokens, 0)
            + coalesce(cache_read_tokens, 0)
            + coalesce(cache_write_5m_tokens, 0)
            + coalesce(cache_write_1h_tokens, 0)
            + coalesce(output_tokens, 0)
        ) as token_count
    from dated
    group by
        provider,
        billing_account_id,
        usage_date

),

-- Quantities of the bill serve where there is no usage export.
stated as (

    select
        provider,
        billing_account_id,
        usage_date,
        meter,
        quantity,
        1 as is_usage,
        last_landed_at
    from usage_daily

    union all

    select
        provider,
        billing_account_id,
        usage_date,
        meter,
        quantity,
        0 as is_usage,
        last_landed_at
    from costs_daily
    where
        charge_category = 'usage'
        and meter != 'out_of_scope'

),

provided as (

    select
        provider,
        billing_account_id,
        usage_date,
        sum(case when meter = 'requests' then quantity end) as request_count,
        sum(case when is_usage = 1 and {{ is_token_meter('meter') }} then quantity end)
            as used_token_count,
        sum(case when is_usage = 0 and {{ is_token_meter('meter') }} then quantity end)
            as billed_token_count,
        max(last_landed_at) as last_landed_at
    from stated
    group by
        provider,
        billing_account_id,
        usage_date

),

accounts as (

    select
        provider,
        billing_account_id,
        min(usage_date) as first_usage_date,
        max(last_landed_at) as last_landed_at,
        max(case when request_count is not null then 1 else 0 end) as has_requests
    from provided
    group by
        provider,
        billing_account_id

),

days as (

    select
        provider,
        billing_account_id,
        usage_date
    from logged

    union

    select
        provider,
        billing_account_id,
        usage_date
    from provided

),

compared as (

    select
        days.provider,
        days.billing_account_id,
        days.usage_date,
        case when accounts.has_requests = 1 then 'requests' else 'tokens' end as measure,
        cast(coalesce(logged.call_count, 0) as decimal(38, 0)) as logged_call_count,
        cast(provided.request_count as decimal(38, 0)) as provider_request_count,
        cast(coalesce(logged.token_count, 0) as decimal(38, 0)) as logged_token_count,
        cast(coalesce(provided.used_token_count, provided.billed_token_count) as decimal(38, 0))
            as provider_token_count,
        coalesce(provided.last_landed_at, accounts.last_landed_at) as last_landed_at
    from days
    inner join accounts
        on
            days.provider = accounts.provider
            and days.billing_account_id = accounts.billing_account_id
            and days.usage_date >= accounts.first_usage_date
    left join logged
        on
            days.provider = logged.provider
            and days.billing_account_id = logged.billing_account_id
            and days.usage_date = logged.usage_date
    left join provided
        on
            days.provider = provided.provider
            and days.billing_account_id = provided.billing_account_id
            and days.usage_date = provided.usage_date

),

measured as (

    select
        *,
        case when measure = 'requests' then logged_call_count else logged_token_count end
            as ours,
        coalesce(
            case when measure = 'requests' then provider_request_count else provider_token_count
            end,
            cast(0 as decimal(38, 0))
        ) as theirs,
        case when measure = 'requests' then 10 else 10000 end as noise
    from compared

),

shared as (

    select
        *,
        {{ share_of('ours', 'theirs') }} as coverage,
        lag(theirs, 7) over ({{ series }}) as theirs_a_week_before,
        avg(cast(theirs as double)) over (
            {{ series }} rows between 7 preceding and 1 preceding
        ) as usual_theirs
    from measured

),

bounded as (

    select
        *,
        max(case when coverage <= 1.1 then coverage end) over (
            {{ series }} rows between 28 preceding and 1 preceding
        ) as best_coverage
    from shared

),

sound as (

    select
        *,
        case
            when coverage <= 1.1 and coverage >= 0.8 * coalesce(best_coverage, 1) then coverage
        end as sound_coverage
    from bounded

),

levelled as (

    select
        *,
        coalesce(
            avg(sound_coverage) over ({{ series }} rows between 28 preceding and 1 preceding),
            best_coverage,
            1
        ) as usual_coverage
    from sound

),

final as (

    select
        usage_date,
        provider,
        billing_account_id,
        measure,
        logged_call_count,
        provider_request_count,
        logged_token_count,
        provider_token_count,
        cast(round(coverage, 4) as decimal(38, 4)) as coverage,
        cast(round(usual_coverage, 4) as decimal(38, 4)) as usual_coverage,
        cast(round(usual_theirs, 0) as decimal(38, 0)) as usual_provider_count,
        case
            when
                ours > 1.1 * usual_coverage * theirs
                and ours - usual_coverage * theirs > noise
                and cast(last_landed_at as date) < usage_date + interval '3' day
                then 'provider_data_late'
            when
                ours > 1.1 * usual_coverage * theirs
                and ours - usual_coverage * theirs > noise
                then 'log_ahead'
            when
                ours < 0.9 * usual_coverage * theirs
                and usual_coverage * theirs - ours > noise
                then 'log_broke'
            when
                theirs < 0.5 * usual_theirs
                and theirs < 0.5 * coalesce(theirs_a_week_before, usual_theirs)
                and usual_theirs - theirs > noise
                then 'traffic_fell'
            else 'ok'
        end as verdict
    from levelled

)

select * from final
