/*
    Grain: cost_month, tenant_id, feature.

    Three levels of the same month. Direct sums to the ledger; allocated moves shared cost to who
    it was for and sums to the ledger too; fully loaded adds what the month's invoices charge or
    give beyond usage. What nobody can carry is on `(unallocated)`.
*/
{% set key = ['cost_month', 'tenant_id', 'feature'] %}
{% set no_cost = 'cast(null as decimal(38, 12))' %}
{% set components = {
    'credits': 'credits_usd',
    'commitment_true_up': 'commitment_true_up_usd',
    'fees_and_adjustments': 'fees_and_adjustments_usd',
    'tax': 'tax_usd',
} %}

with

costs as (

    select * from {{ ref('int_costs_allocated_monthly') }}

),

invoice_costs as (

    select * from {{ ref('int_invoice_costs_allocated_monthly') }}

),

lines as (

    select
        {{ key | join(',\n        ') }},
        call_count,
        unpriced_call_count,
        direct_cost_usd,
        shared_out_cost_usd,
        shared_in_cost_usd,
        allocated_cost_usd,
        'ledger' as component,
        {{ no_cost }} as invoice_cost_usd
    from costs

    union all

    select
        cost_month,
        to_tenant_id as tenant_id,
        to_feature as feature,
        0 as call_count,
        0 as unpriced_call_count,
        {{ no_cost }} as direct_cost_usd,
        cast(0 as decimal(38, 12)) as shared_out_cost_usd,
        cast(0 as decimal(38, 12)) as shared_in_cost_usd,
        {{ no_cost }} as allocated_cost_usd,
        component,
        allocated_cost_usd as invoice_cost_usd
    from invoice_costs

),

summed as (

    select
        {{ key | join(',\n        ') }},
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(unpriced_call_count) as bigint) as unpriced_call_count,
        {% for column in [
            'direct_cost_usd', 'shared_out_cost_usd', 'shared_in_cost_usd', 'allocated_cost_usd'
        ] %}
            cast(sum({{ column }}) as decimal(38, 12)) as {{ column }},
        {% endfor %}
        {% for component, column in components.items() %}
            cast(sum(case
                when component = '{{ component }}' then invoice_cost_usd else 0
            end) as decimal(38, 12)) as {{ column }},
        {% endfor %}
        cast(sum(case
            when
                component <> 'ledger'
                {% for component in components %}
                    and component <> '{{ component }}'
                {% endfor %}
                then invoice_cost_usd
            else 0
        end) as decimal(38, 12)) as other_invoice_cost_usd,
        cast(sum(invoice_cost_usd) as decimal(38, 12)) as invoice_cost_usd,
        cast(sum(case
            when component <> 'ledger' and invoice_cost_usd is null then 1 else 0
        end) as bigint) as unconverted_count
    from lines
    group by {{ key | join(', ') }}

),

final as (

    select
        {{ key | join(',\n        ') }},
        call_count,
        unpriced_call_count,
        unconverted_count,
        direct_cost_usd,
        shared_out_cost_usd,
        shared_in_cost_usd,
        allocated_cost_usd,
        {{ components.values() | join(',\n        ') }},
        other_invoice_cost_usd,
        case
            when coalesce(allocated_cost_usd, invoice_cost_usd) is not null
                then cast(
                    coalesce(allocated_cost_usd, 0)
                    + coalesce(invoice_cost_usd, 0) as decimal(38, 12)
                )
        end as fully_loaded_cost_usd
    from summed

)

select * from final
