/*
    Grain: cost_date, tenant_id, feature, waste_category.

    Dollars that bought nothing, by why. The categories share no dollar: what attempts cost that
    served nobody (failed, timed_out, aborted, retried, duplicate; together billed less
    chargeable), evals among the served calls in production, and, of the other served calls, what
    a fallen cache share cost. A table: it is a few rows a tenant and day, and a late day changes
    the expectation of the seven days after it.
*/
{% set attempts = ['failed', 'timed_out', 'aborted', 'retried', 'duplicate'] %}

with

sums as (

    select * from {{ ref('int_waste_summed_daily') }}

),

cache_misses as (

    select * from {{ ref('int_cache_misses_daily') }}

),

lines as (

    {% for category in attempts + ['eval_in_production'] %}
        select
            cost_date,
            tenant_id,
            feature,
            '{{ category }}' as waste_category,
            {{ 'true' if category in attempts else 'false' }} as is_unserved,
            {{ category }}_call_count as call_count,
            {{ category }}_cost_usd as waste_cost_usd
        from sums
        where {{ category }}_call_count > 0 or {{ category }}_cost_usd <> 0

        union all

    {% endfor %}
    select
        cost_date,
        tenant_id,
        feature,
        'cache_miss' as waste_category,
        false as is_unserved,
        call_count,
        cache_miss_cost_usd as waste_cost_usd
    from cache_misses
    where cache_miss_cost_usd is null or cache_miss_cost_usd > 0

),

final as (

    select
        cost_date,
        tenant_id,
        feature,
        waste_category,
        is_unserved,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(waste_cost_usd) as decimal(38, 12)) as waste_cost_usd
    from lines
    group by
        cost_date,
        tenant_id,
        feature,
        waste_category,
        is_unserved

)

select * from final
