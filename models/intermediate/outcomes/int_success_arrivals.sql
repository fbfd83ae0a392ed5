/*
    Grain: feature, age_hours.

    Of the successes a cohort will have, the share there is at an age: counted over the last 28
    mature cohorts of the feature; over those of all features where its own have fewer than 30
    successes; NULL where that is not enough either. Rounded to six places, so that sums of it
    are exact.
*/
with

cohorts as (

    select
        feature,
        opened_date
    from {{ ref('int_task_costs_summed_by_cohort') }}
    group by
        feature,
        opened_date
    having min(case when is_mature then 1 else 0 end) = 1

),

recent as (

    select
        feature,
        opened_date,
        row_number() over (
            partition by feature
            order by opened_date desc
        ) as recency
    from cohorts

),

delays as (

    select
        delays.feature,
        delays.delay_hours,
        sum(delays.success_count) as success_count
    from {{ ref('int_success_delays') }} as delays
    inner join recent
        on
            delays.feature = recent.feature
            and delays.opened_date = recent.opened_date
    where recent.recency <= 28
    group by
        delays.feature,
        delays.delay_hours

),

ages as (

    select distinct
        feature,
        age_hours
    from {{ ref('int_open_tasks_aged') }}

),

own as (

    select
        ages.feature,
        ages.age_hours,
        sum(delays.success_count) as success_count,
        sum(case when delays.delay_hours <= ages.age_hours then delays.success_count else 0 end)
            as arrived_count
    from ages
    left join delays
        on ages.feature = delays.feature
    group by
        ages.feature,
        ages.age_hours

),

pooled as (

    select
        ages.age_hours,
        sum(delays.success_count) as success_count,
        sum(case when delays.delay_hours <= ages.age_hours then delays.success_count else 0 end)
            as arrived_count
    from (select distinct age_hours from ages) as ages
    cross join delays
    group by ages.age_hours

),

final as (

    select
        own.feature,
        own.age_hours,
        cast(
            case
                when own.success_count >= 30
                    then {{ share_of('own.arrived_count', 'own.success_count') }}
                when pooled.success_count >= 30
                    then {{ share_of('pooled.arrived_count', 'pooled.success_count') }}
            end as decimal(9, 6)
        ) as arrived_share
    from own
    left join pooled
        on own.age_hours = pooled.age_hours

)

select * from final
