/* Grain: rule_id. The rules of the packs that are switched on. */
with

rules as (

    select * from {{ ref('alert_rules') }}

),

packs as (

    select * from {{ ref('alert_rule_packs') }}

),

final as (

    select rules.*
    from rules
    inner join packs
        on rules.pack = packs.pack
    where
        rules.is_enabled
        and packs.is_enabled
        and rules.baseline <> 'external'

)

select * from final
