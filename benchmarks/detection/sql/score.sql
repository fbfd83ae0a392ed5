/*
    Grain: organisation, workload, week_number of an incident: whether an alert opened inside it,
    and how often one opens in the same hours of clean weeks (placebo).

    Reads fired (organisation, workload, hour_number since the start), incidents, excess and
    workload_weeks of all organisations. Alerts at most 12 hours apart are one.
*/
create or replace table opened as
select
    organisation,
    workload,
    hour_number
from (
    select
        *,
        hour_number - lag(hour_number) over (
            partition by organisation, workload order by hour_number
        ) as hours_since
    from (select distinct organisation, workload, hour_number from fired)
)
where coalesce(hours_since, 999) > 13;

create or replace table clean_weeks as
select workload_weeks.*
from workload_weeks
anti join incidents using (organisation, workload, week_number);

create or replace table found as
select
    incidents.organisation,
    incidents.workload,
    incidents.week_number,
    incidents.kind,
    incidents.start_hour,
    incidents.end_hour,
    min(opened.hour_number) as opened_hour,
    -- 1: at the end of its first hour
    min(opened.hour_number - incidents.start_hour) + 1 as hours_to_detect
from incidents
left join opened
    on
        incidents.organisation = opened.organisation
        and incidents.workload = opened.workload
        and opened.hour_number >= incidents.start_hour
        and opened.hour_number < incidents.end_hour
group by all;

create or replace table placebos as
select
    found.organisation,
    found.workload,
    found.week_number,
    avg(cast(exists(
        select 1
        from opened
        where
            opened.organisation = clean_weeks.organisation
            and opened.workload = clean_weeks.workload
            and opened.hour_number
            >= found.start_hour + (clean_weeks.week_number - found.week_number) * 168
            and opened.hour_number
            < found.end_hour + (clean_weeks.week_number - found.week_number) * 168
    ) as integer)) as placebo_share
from found
inner join clean_weeks on found.organisation = clean_weeks.organisation
group by all;

create or replace table dollars as
select
    found.organisation,
    found.workload,
    found.week_number,
    sum(excess.excess_usd) as excess_usd,
    sum(case when excess.hour_number > found.opened_hour then excess.excess_usd else 0 end)
        as averted_usd
from found
inner join excess
    on
        found.organisation = excess.organisation
        and found.workload = excess.workload
        and excess.hour_number >= found.start_hour
        and excess.hour_number < found.end_hour
group by all;
