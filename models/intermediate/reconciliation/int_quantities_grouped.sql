{{ config(materialized='table') }}

/*
    Grain: provider, billing_account_id, billing_month, usage_date, group_key, model, meter,
    service_tier.

    The ledger's quantity beside the provider's, as fine as both can be told apart: by key, and
    what has none by project or for the whole account. Usage without a key on one side is set
    against the keys the other side has more of, on the same day and model: calls of ours without
    a key explain keys we do not log, and nothing beyond. Where it has no such usage, every key
    stands alone. Tools come from exports of their own and are grouped on their own.
    Where the sides name no key (or project) in common, none is compared.
*/
{% set cell = [
    'provider', 'billing_account_id', 'billing_month', 'usage_date', 'group_key', 'model',
    'meter', 'service_tier'
] %}
{% set account = 'provider, billing_account_id' %}
{% set scope = account ~ ', usage_date, model, meter_family' %}
{% set measures = [
    'metered_quantity', 'metered_cost_usd', 'contract_cost_usd', 'unpriced_quantity',
    'partial_call_count', 'unit_price_usd', 'exported_quantity', 'is_exported_row'
] %}

with

metered as (

    select * from {{ ref('int_metered_usage_by_account') }}

),

exported as (

    select * from {{ ref('int_exported_quantities') }}

),

month_sources as (

    select * from {{ ref('int_exported_months') }}

),

-- Names both sides know --------------------------------------------------------------------------

ledger_keys as (

    select distinct
        provider,
        api_key_id
    from metered
    where api_key_id <> '(unattributed)'

),

ledger_projects as (

    select distinct
        provider,
        project_id
    from metered
    where project_id <> '(unattributed)'

),

ledger_accounts as (

    select distinct {{ account }}
    from metered

),

export_names as (

    select distinct
        {{ account }},
        project_id,
        api_key_id
    from exported

),

shared_names as (

    select
        export_names.provider,
        export_names.billing_account_id,
        count(ledger_keys.api_key_id) > 0 as shares_keys,
        count(ledger_projects.project_id) > 0 as shares_projects
    from export_names
    left join ledger_keys
        on
            export_names.provider = ledger_keys.provider
            and export_names.api_key_id = ledger_keys.api_key_id
    left join ledger_projects
        on
            export_names.provider = ledger_projects.provider
            and export_names.project_id = ledger_projects.project_id
    group by export_names.provider, export_names.billing_account_id

),

-- Both sides in one list; no key is NULL ---------------------------------------------------------

rows_of_both as (

    select
        provider,
        billing_account_id,
        billing_month,
        usage_date,
        nullif(project_id, '(unattributed)') as project_id,
        nullif(api_key_id, '(unattributed)') as api_key_id,
        model,
        meter,
        service_tier,
        quantity as metered_quantity,
        cost_usd as metered_cost_usd,
        contract_cost_usd,
        unpriced_quantity,
        partial_call_count,
        unit_price_usd,
        cast(0 as decimal(38, 6)) as exported_quantity,
        0 as is_exported_row
    from metered

    union all

    select
        provider,
        billing_account_id,
        usage_month as billing_month,
        usage_date,
        nullif(project_id, '(not grouped)') as project_id,
        nullif(api_key_id, '(not grouped)') as api_key_id,
        model,
        meter,
        service_tier,
        cast(0 as decimal(38, 6)) as metered_quantity,
        cast(0 as decimal(38, 12)) as metered_cost_usd,
        cast(0 as decimal(38, 12)) as contract_cost_usd,
        cast(0 as decimal(38, 6)) as unpriced_quantity,
        0 as partial_call_count,
        cast(null as decimal(38, 18)) as unit_price_usd,
        quantity as exported_quantity,
        1 as is_exported_row
    from exported

),

sides as (

    select
        rows_of_both.provider,
        rows_of_both.billing_account_id,
        rows_of_both.billing_month,
        case
            when month_sources.is_monthly then {{ first_day_of('rows_of_both.billing_month') }}
            else rows_of_both.usage_date
        end as usage_date,
        -- an account we log nothing of keeps the names it is exported with
        case
            when month_sources.provider is null then null
            when ledger_accounts.provider is null or shared_names.shares_projects
                then rows_of_both.project_id
        end as project_id,
        case
            when month_sources.provider is null then null
            when ledger_accounts.provider is null or shared_names.shares_keys
                then rows_of_both.api_key_id
        end as api_key_id,
        rows_of_both.model,
        rows_of_both.meter,
        case when {{ is_tool_meter('rows_of_both.meter') }} then rows_of_both.meter else 'calls' end
            as meter_family,
        rows_of_both.service_tier,
        {% for column in measures %}
            rows_of_both.{{ column }},
        {% endfor %}
        ledger_accounts.provider is not null as is_known_account
    from rows_of_both
    left join month_sources
        on
            {{ columns_equal(
                'rows_of_both', 'month_sources',
                ['provider', 'billing_account_id', 'billing_month']
            ) }}
    left join shared_names
        on {{ columns_equal('rows_of_both', 'shared_names', ['provider', 'billing_account_id']) }}
    left join ledger_accounts
        on
            {{ columns_equal(
                'rows_of_both', 'ledger_accounts', ['provider', 'billing_account_id']
            ) }}

),

-- Where usage without a key belongs: its project if every row has one, else the account ----------

scopes as (

    select
        {{ scope.replace(', ', ',\n        ') }},
        max(case when project_id is null then 1 else 0 end) as lacks_projects,
        max(case when meter = 'requests' then is_exported_row else 0 end) as counts_requests
    from sides
    group by {{ scope }}

),

pooled as (

    select
        sides.*,
        case when scopes.lacks_projects = 1 then '(account)' else sides.project_id end as pool_key,
        -- How much of a key there is: its requests, or its tokens where they are not counted.
        case
            when sides.meter_family = 'calls' and scopes.counts_requests = 1
                then case when sides.meter = 'requests' then 1 else 0 end
            when sides.meter in ('requests', 'request', 'provider_reported') then 0
            else 1
        end * (sides.exported_quantity - sides.metered_quantity) as excess
    from sides
    inner join scopes
        on
            {{ columns_equal('sides', 'scopes', [
                'provider', 'billing_account_id', 'usage_date', 'model', 'meter_family'
            ]) }}

),

weighed as (

    select
        pooled.*,
        max(case when api_key_id is null then 1 - is_exported_row else 0 end)
            over in_pool as has_metered_without_key,
        max(case when api_key_id is null then is_exported_row else 0 end)
            over in_pool as has_exported_without_key,
        sum(excess) over (partition by {{ scope }}, api_key_id) as key_excess,
        -- an export that names keys that day names those we log
        max(case when api_key_id is null then 0 else is_exported_row end)
            over (partition by {{ account }}, usage_date, meter_family, pool_key) as names_keys
    from pooled
    window in_pool as (partition by {{ scope }}, pool_key)

),

-- One answer for a key, also where the two sides know it under two projects.
decided as (

    select
        weighed.*,
        max(case when key_excess > 0 then has_metered_without_key else 0 end)
            over one_key as explains_calls,
        max(case when key_excess < 0 then has_exported_without_key else 0 end)
            over one_key as explains_export
    from weighed
    window one_key as (partition by {{ scope }}, api_key_id)

),

grouped as (

    select
        decided.*,
        api_key_id is null or explains_calls = 1 or explains_export = 1 as is_pooled,
        case
            when api_key_id is null or explains_calls = 1 or explains_export = 1 then pool_key
            else api_key_id
        end as group_key
    from decided

),

named as (

    select
        grouped.*,
        case
            when not is_pooled then 'key'
            when pool_key = '(account)' then 'account'
            else 'project'
        end as key_grain,
        case
            when not is_pooled then ledger_keys.api_key_id is not null
            when names_keys = 1 then false
            when pool_key = '(account)' then is_known_account
            else ledger_projects.project_id is not null
        end as is_known_name,
        case
            when
                is_pooled and is_exported_row = 1
                and grouped.api_key_id is not null and ledger_keys.api_key_id is null
                then 1
            else 0
        end as is_unknown_key
    from grouped
    left join ledger_keys
        on
            grouped.provider = ledger_keys.provider
            and grouped.api_key_id = ledger_keys.api_key_id
    left join ledger_projects
        on
            grouped.provider = ledger_projects.provider
            and grouped.pool_key = ledger_projects.project_id

),

cells as (

    select
        {{ cell | join(',\n        ') }},
        meter_family,
        max(key_grain) as key_grain,
        max(is_unknown_key) as has_unknown_keys,
        max(case when is_known_name or is_exported_row = 0 then 1 else 0 end) as has_known_name,
        cast(sum(metered_quantity) as decimal(38, 6)) as metered_quantity,
        cast(sum(metered_cost_usd) as decimal(38, 12)) as metered_cost_usd,
        cast(sum(contract_cost_usd) as decimal(38, 12)) as contract_cost_usd,
        cast(sum(unpriced_quantity) as decimal(38, 6)) as unpriced_quantity,
        cast(sum(partial_call_count) as bigint) as partial_call_count,
        cast(sum(exported_quantity) as decimal(38, 6)) as stated_quantity,
        max(is_exported_row) as is_stated,
        min(unit_price_usd) as lowest_unit_price_usd,
        max(unit_price_usd) as highest_unit_price_usd
    from named
    group by {{ cell | join(', ') }}, meter_family

),

final as (

    select
        {{ cell | join(',\n        ') }},
        key_grain,
        max(has_unknown_keys) over in_group = 1 as has_unknown_keys,
        max(has_known_name) over in_group = 1 as is_tracked,
        metered_quantity,
        metered_cost_usd,
        contract_cost_usd,
        unpriced_quantity,
        partial_call_count,
        stated_quantity,
        is_stated,
        lowest_unit_price_usd,
        highest_unit_price_usd
    from cells
    window in_group as (partition by {{ scope }}, group_key)

)

select * from final
