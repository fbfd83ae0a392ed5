{{ config(materialized='view') }}

/* Grain: landing_id, source_file. What became of every line of every landed file. */
with

landings as (

    select * from {{ ref('stg_lake__landings') }}

),

final as (

    select
        landing_id,
        landing_number,
        source,
        source_file,
        file_sha256,
        file_bytes,
        rows_read,
        rows_landed,
        rows_duplicate,
        rows_quarantined,
        rows_superseding,
        rows_component,
        rows_read = rows_landed + rows_duplicate + rows_quarantined as is_balanced,
        first_event_at,
        last_event_at,
        landed_at,
        code_version
    from landings

)

select * from final
