/*
    Grain: organisation, workload, week_number of a planted cause: the incident that opened inside
    it, if any did, and what it says.

    is_alone: without the planted cause nothing would have opened in its hours. Where something would,
    the incident has two causes, and naming the other is no mistake.

    Reads incidents, planted (its change, where it has one), opened (when incidents opened and
    re-opened), explained (their cause and linked change), places (their first dimension value) and
    anyway (what opened in the twin without planted causes) of all organisations.
*/
create or replace table judged as
with

firsts as (

    select
        incidents.organisation,
        incidents.workload,
        incidents.week_number,
        min_by(opened.incident_id, opened.hour_number) as incident_id
    from incidents
    inner join opened
        on
            incidents.organisation = opened.organisation
            and incidents.workload = opened.workload
            and opened.hour_number >= incidents.start_hour
            and opened.hour_number < incidents.end_hour
    group by all

)

select
    incidents.*,
    expected.cause as expected_cause,
    firsts.incident_id is not null as is_found,
    explained.likely_cause,
    coalesce(explained.likely_cause = expected.cause, false) as is_right,
    not exists(
        select 1
        from anyway
        where
            anyway.organisation = incidents.organisation
            and anyway.workload = incidents.workload
            and anyway.hour_number <= explained.last_hour
            and anyway.last_hour >= least(explained.opened_hour, incidents.start_hour)
    ) as is_alone,
    -- opened before the planted cause: two in one incident
    explained.opened_hour < incidents.start_hour as is_merged,
    incidents.dimension is not null as has_place,
    places.dimension as found_dimension,
    places.value as found_value,
    coalesce(
        places.dimension = incidents.dimension and places.value = incidents.value, false
    ) as is_right_place,
    planted.change_id as planted_change_id,
    explained.linked_change_id,
    explained.incident_id
from incidents
inner join expected on incidents.kind = expected.kind
left join firsts
    on
        incidents.organisation = firsts.organisation
        and incidents.workload = firsts.workload
        and incidents.week_number = firsts.week_number
left join explained
    on
        firsts.organisation = explained.organisation
        and firsts.incident_id = explained.incident_id
left join places
    on
        firsts.organisation = places.organisation
        and firsts.incident_id = places.incident_id
left join planted
    on
        incidents.organisation = planted.organisation
        and incidents.workload = planted.workload
        and incidents.week_number = planted.week_number;
