{{ config(materialized='table') }}

/*
    Grain: one row.
    The newest moment the lake knows of: the latest call or product event landed. A clock that
    runs ahead counts as the time its file landed. What landed is never taken back, so it only
    moves forward.
*/
with

landings as (

    select * from {{ ref('stg_lake__landings') }}
    where source not in ({{ "'" ~ (billing_sources() | join("', '")) ~ "'" }})

),

final as (

    select max(least(last_event_at, landed_at)) as as_of
    from landings

)

select * from final
