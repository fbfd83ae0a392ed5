/*
    Grain: incident_id, change_id. Up to three changes that may have caused an incident, the
    likeliest first; none where nothing fits.
*/
with

changes as (

    select * from {{ ref('int_incident_changes_scored') }}

),

final as (

    select
        incident_id,
        change_id,
        score_rank as rank,
        cast(score as double) as score,
        change_type,
        changed_at,
        version,
        previous_version,
        cast(distance_hours as double) as distance_hours
    from changes
    where score_rank <= 3

)

select * from final
