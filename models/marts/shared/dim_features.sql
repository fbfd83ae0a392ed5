/* Grain: feature. Every feature that has cost something or that people have named. */
with

costs as (

    select * from {{ ref('fct_feature_costs_daily') }}

),

features as (

    select * from {{ ref('features') }}

),

seen as (

    select
        feature,
        min(cost_date) as first_cost_date,
        max(cost_date) as last_cost_date
    from costs
    group by feature

),

named_over_time as (

    select
        feature,
        feature_name,
        owner_team,
        row_number() over (
            partition by feature
            order by valid_from desc nulls last
        ) as recency
    from features

),

named as (

    select * from named_over_time
    where recency = 1

),

final as (

    select
        coalesce(seen.feature, named.feature) as feature,
        coalesce(named.feature_name, seen.feature, named.feature) as feature_name,
        named.owner_team,
        named.feature is not null as is_named,
        seen.first_cost_date,
        seen.last_cost_date
    from seen
    full outer join named
        on seen.feature = named.feature

)

select * from final
