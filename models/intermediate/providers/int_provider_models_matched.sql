{{ config(materialized='table') }}

/*
    Grain: provider, model.
    Models as providers bill them, matched with the catalogue by the rules that match calls.
*/
with

skus_read as (

    select * from {{ ref('int_provider_skus_read') }}

),

model_aliases as (

    select * from {{ ref('model_aliases') }}

),

-- An invoice names models too.
invoice_lines as (

    select * from {{ ref('stg_invoices__invoice_lines') }}

),

names as (

    select
        provider,
        model_name as model
    from skus_read

    union

    select
        provider,
        model
    from invoice_lines

),

{{ models_ranked_by_alias('names') }},

final as (

    select
        models.provider,
        models.model,
        ranked.price_provider,
        ranked.price_model
    from models
    left join ranked
        on
            models.provider = ranked.provider
            and models.model = ranked.model
            and ranked.match_rank = 1

)

select * from final
