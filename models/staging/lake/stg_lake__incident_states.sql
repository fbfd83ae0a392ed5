/*
    Grain: incident_id, stated_at; what people said about incidents with the ack command.
*/
with

source as (

    select * from {{ source('product', 'incident_states') }}

),

renamed as (

    select
        incident_id,
        state,
        stated_at,
        stated_by,
        reason
    from source

)

select * from renamed
