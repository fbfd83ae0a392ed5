{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, usage_date, project_id, api_key_id, model, meter,
    service_tier, charge_category, currency, billing_month.

    What providers charged, before credits, from the one origin chosen for the account and day.
    The unit status is that of the line proven worst. own_cost is what our prices say the same
    quantities cost; NULL as soon as one line has no price of ours.
*/
{% set grain = [
    'provider',
    'billing_account_id',
    'usage_date',
    'project_id',
    'api_key_id',
    'model',
    'meter',
    'service_tier',
    'charge_category',
    'currency',
    'billing_month',
] %}

with

lines as (

    select * from {{ ref('int_provider_cost_lines_proven') }}

),

summed as (

    select
        {% for column in grain %}
            {{ column }},
        {% endfor %}
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        max(case unit_status
            when 'flagged' then 3
            when 'assumed' then 2
            when 'proven' then 1
            else 0
        end) as unit_doubt,
        cast(sum(amount) as decimal(38, 12)) as cost,
        cast(sum(list_amount) as decimal(38, 12)) as list_cost,
        cast(sum(coalesce(credit_amount, 0)) as decimal(38, 12)) as credit,
        case
            when count(own_cost) = count(*) then cast(sum(own_cost) as decimal(38, 12))
        end as own_cost,
        max(own_unit_price) as own_unit_price,
        count(*) as line_count,
        max(origin) as origin,
        max(landed_at) as last_landed_at
    from lines
    group by {{ grain | join(', ') }}

),

final as (

    select
        {% for column in grain %}
            {{ column }},
        {% endfor %}
        quantity,
        case unit_doubt
            when 3 then 'flagged'
            when 2 then 'assumed'
            when 1 then 'proven'
            else 'none'
        end as unit_status,
        cost,
        list_cost,
        credit,
        own_cost,
        own_unit_price,
        line_count,
        origin,
        last_landed_at
    from summed

)

select * from final
