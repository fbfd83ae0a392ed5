/*
    Grain: incident_id, set_at. What people said about incidents, in the seed or at the command
    line. Only the seed names hours that later baselines leave out.
*/
with

seeded as (

    select * from {{ ref('incident_states') }}

),

stated as (

    select * from {{ ref('stg_lake__incident_states') }}

),

final as (

    select
        incident_id,
        state,
        set_at,
        set_by,
        reason,
        workload,
        excluded_from,
        excluded_to
    from seeded

    union all

    select
        stated.incident_id,
        stated.state,
        stated.stated_at as set_at,
        stated.stated_by as set_by,
        stated.reason,
        cast(null as varchar) as workload,
        cast(null as timestamp with time zone) as excluded_from,
        cast(null as timestamp with time zone) as excluded_to
    from stated
    left join seeded
        on
            stated.incident_id = seeded.incident_id
            and stated.stated_at = seeded.set_at
    where seeded.incident_id is null

)

select * from final
