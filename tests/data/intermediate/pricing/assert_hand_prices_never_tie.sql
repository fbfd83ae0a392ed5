/*
Two contract or override rows for the same thing at the same moment would leave the price to
chance. Rows returned are pairs with the same scope whose periods overlap.
*/
with

hand_prices as (

    select
        'price_overrides' as seed,
        provider,
        model_pattern as model,
        '*' as project_id,
        service_tier,
        meter,
        valid_from,
        coalesce(valid_to, timestamp '9999-12-31 00:00:00') as valid_until
    from {{ ref('price_overrides') }}

    union all

    select
        'contract_prices' as seed,
        provider,
        model,
        project_id,
        service_tier,
        meter,
        valid_from,
        coalesce(valid_to, timestamp '9999-12-31 00:00:00') as valid_until
    from {{ ref('contract_prices') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by seed, provider, model, project_id, service_tier, meter
            order by valid_from, valid_until
        ) as row_position
    from hand_prices

)

select
    earlier.*,
    later.valid_from as other_valid_from
from numbered as earlier
inner join numbered as later
    on
        earlier.seed = later.seed
        and earlier.provider = later.provider
        and earlier.model = later.model
        and earlier.project_id = later.project_id
        and earlier.service_tier = later.service_tier
        and earlier.meter = later.meter
        and earlier.row_position < later.row_position
where later.valid_from < earlier.valid_until
