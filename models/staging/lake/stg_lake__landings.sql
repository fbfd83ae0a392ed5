/* Grain: landing_id, source_file. */
with

source as (

    select * from {{ source('lake', 'landings') }}

),

renamed as (

    select

        ---------- ids
        landing_id,
        landing_seq as landing_number,

        ---------- strings
        source,
        source_file,
        file_sha256,
        touched_dates,
        code_version,

        ---------- numerics
        file_bytes,
        rows_read,
        rows_landed,
        rows_duplicate,
        rows_quarantined,
        rows_superseding,
        rows_component,

        ---------- dates and timestamps
        first_event_at,
        last_event_at,
        landed_at

    from source

)

select * from renamed
