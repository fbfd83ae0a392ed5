/*
Grain: one row per `provider` and `model` as a call names them.

A rule matches when all its rows of any `and_group` match; the lowest `rule_order` wins, as in the
catalogue the rules come from. A name that matches nothing is tried again with a compact date
(-20251211) written with dashes, as the catalogue does, and then without its path: models/x,
publishers/google/models/x and openai/x all mean x. No match leaves the price columns NULL: the
calls are unpriced.
*/
with

price_keys as (

    select * from {{ ref('int_price_keys_collected') }}

),

model_aliases as (

    select * from {{ ref('model_aliases') }}

),

{{ models_ranked_by_alias('price_keys') }},

final as (

    select
        models.provider,
        models.model,
        ranked.price_provider,
        ranked.price_model,
        ranked.spelling as matched_name,
        ranked.origin as match_origin
    from models
    left join ranked
        on
            models.provider = ranked.provider
            and models.model = ranked.model
            and ranked.match_rank = 1

)

select * from final
