/*
    Grain: line_id, line_index.
    What providers count: quantities by meter, no money. Only the current delivery counts.
*/
with

source as (

    select * from {{ source('bills', 'provider_lines') }}

),

aliases as (

    select * from {{ ref('provider_aliases') }}

),

renamed as (

    select

        {{ provider_line_columns() }},

        ---------- of usage only
        source.meter

    from source
    left join aliases
        on source.issuer = aliases.provider_as_logged
    where source.is_current and source.line_kind = 'usage'

)

select * from renamed
