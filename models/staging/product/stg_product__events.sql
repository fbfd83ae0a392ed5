/*
    Grain: event_id.
    Landing keeps older versions of an event; only the current one counts, revoked or not.
*/
with

source as (

    select * from {{ source('product', 'product_events') }}

),

renamed as (

    select

        ---------- ids
        event_id,
        task_id,
        operation_id,
        request_id,
        run_id,
        trace_id,
        session_id,
        tenant_id,
        workflow_id,
        user_id_hash,
        revokes_event_id,
        supersedes_event_id,
        landing_id,

        ---------- strings
        source,
        dialect,
        event_name,
        feature,
        label,
        tags,
        source_file,

        ---------- numerics
        value as event_value,
        source_line,

        ---------- booleans
        coalesce(is_revoked, false) as is_revoked,

        ---------- dates and timestamps
        event_date,
        occurred_at,
        observed_at,
        landed_at

    from source
    where is_current

)

select * from renamed
