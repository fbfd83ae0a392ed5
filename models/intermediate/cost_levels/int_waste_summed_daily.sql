{{ config(
    materialized='incremental',
    incremental_strategy='touched_dates',
    unique_key='cost_date',
    on_schema_change='fail',
) }}

/*
    Grain: cost_date, tenant_id, feature, provider, model, prompt_version.

    What attempts cost that served nobody, by why, and what served evals in production cost; and
    the input of the rest by cache class, which tells what a fallen cache share costs.
    An attempt after the first is a retry whatever it ended with, unless it succeeded: a success
    that did not serve is a duplicate.
*/
{% set key = ['reporting_date', 'tenant_id', 'feature', 'provider', 'model', 'prompt_version'] %}

with

hourly as (

    select * from {{ ref('fct_costs_hourly') }}
    where {{ in_touched_reporting_days('reporting_date') }}

),

eval_rules as (

    select * from {{ ref('waste_rules') }}
    where waste_category = 'eval_in_production'

),

-- grain: cost_date, workload_class, environment; rules may overlap
eval_days as (

    select distinct
        hourly.reporting_date,
        hourly.workload_class,
        hourly.environment
    from hourly
    inner join eval_rules
        on
            eval_rules.workload_class in ('*', lower(hourly.workload_class))
            and eval_rules.environment in ('*', lower(hourly.environment))
            and {{ is_valid_on('eval_rules', 'hourly.reporting_date') }}

),

split as (

    select
        hourly.*,
        eval_days.reporting_date is not null as is_eval,
        hourly.outcome = 'success' and eval_days.reporting_date is null as is_prefix,
        case
            when hourly.outcome = 'success' then 'duplicate'
            when hourly.outcome = 'timeout' then 'timed_out'
            when hourly.outcome = 'aborted' then 'aborted'
            else 'failed'
        end as unserved_category,
        cast(hourly.billed_cost_usd - hourly.chargeable_cost_usd as decimal(38, 12))
            as unserved_cost_usd,
        hourly.call_count - hourly.retry_call_count as first_attempt_count,
        cast(
            hourly.billed_cost_usd - hourly.chargeable_cost_usd - hourly.retried_cost_usd
            as decimal(38, 12)
        ) as first_attempt_cost_usd
    from hourly
    left join eval_days
        on
            hourly.reporting_date = eval_days.reporting_date
            and hourly.workload_class = eval_days.workload_class
            and hourly.environment = eval_days.environment

),

final as (

    select
        reporting_date as cost_date,
        tenant_id,
        feature,
        provider,
        model,
        prompt_version,

        ---------- attempts that served nobody; a cost of 0 only where somebody knows it is 0
        {% for category in ['failed', 'timed_out', 'aborted'] %}
            cast(sum(case
                when unserved_category = '{{ category }}' then first_attempt_count else 0
            end) as bigint) as {{ category }}_call_count,
            cast(sum(case
                when
                    unserved_category = '{{ category }}'
                    and (first_attempt_count > 0 or first_attempt_cost_usd <> 0)
                    then first_attempt_cost_usd
            end) as decimal(38, 12)) as {{ category }}_cost_usd,
        {% endfor %}
        cast(sum(case
            when unserved_category <> 'duplicate' then retry_call_count else 0
        end) as bigint) as retried_call_count,
        cast(sum(case
            when
                unserved_category <> 'duplicate'
                and (retry_call_count > 0 or retried_cost_usd <> 0)
                then retried_cost_usd
        end) as decimal(38, 12)) as retried_cost_usd,
        cast(sum(case
            when unserved_category = 'duplicate' then call_count - served_call_count else 0
        end) as bigint) as duplicate_call_count,
        cast(sum(case
            when
                unserved_category = 'duplicate'
                and (call_count > served_call_count or unserved_cost_usd <> 0)
                then unserved_cost_usd
        end) as decimal(38, 12)) as duplicate_cost_usd,

        ---------- evals in production
        cast(sum(case when is_eval then served_call_count else 0 end) as bigint)
            as eval_in_production_call_count,
        cast(sum(case when is_eval then chargeable_cost_usd end) as decimal(38, 12))
            as eval_in_production_cost_usd,

        ---------- input of the rest, by cache class
        cast(sum(case when is_prefix then served_call_count else 0 end) as bigint)
            as prefix_call_count,
        cast(sum(case when is_prefix then cache_read_tokens end) as bigint)
            as prefix_read_tokens,
        cast(sum(case
            when is_prefix
                then
                    coalesce(uncached_input_tokens, 0)
                    + coalesce(cache_read_tokens, 0)
                    + coalesce(cache_write_5m_tokens, 0)
                    + coalesce(cache_write_1h_tokens, 0)
        end) as bigint) as prefix_input_tokens,
        cast(sum(case when is_prefix then cache_miss_premium_usd end) as decimal(38, 12))
            as prefix_premium_usd,
        cast(sum(case when is_prefix then chargeable_cost_usd end) as decimal(38, 12))
            as prefix_served_cost_usd
    from split
    group by {{ key | join(', ') }}

)

select * from final
