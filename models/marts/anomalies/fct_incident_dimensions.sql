/*
    Grain: incident_id, dimension, value. Where an incident's cost moved: up to ten values or pairs.
*/
with

dimensions as (

    select * from {{ ref('int_incident_dimensions') }}

),

final as (

    select
        incident_id,
        dimension,
        value_text as value,
        surprise_rank as rank,
        cost_delta_usd,
        explanatory_share,
        surprise,
        share_before,
        share_after,
        rest_change_share
    from dimensions

)

select * from final
