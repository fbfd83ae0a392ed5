/*
    Grain: change_id.
    Only the current version of a change counts; one that was revoked never happened.
*/
with

source as (

    select * from {{ source('product', 'changes') }}

),

renamed as (

    select

        ---------- ids
        change_id,
        workflow_id,
        tenant_id,
        landing_id,

        ---------- strings
        change_type,
        feature,
        environment,
        team,
        workload_class,
        provider,
        model,
        version,
        previous_version,
        reference,
        tags,
        source_file,

        ---------- numerics
        source_line,

        ---------- dates and timestamps
        event_date,
        changed_at,
        observed_at,
        landed_at

    from source
    where
        is_current
        and not coalesce(is_revoked, false)

)

select * from renamed
