{{ config(materialized='table') }}

/*
    Grain: provider, project_id, api_key_id, as our ledger writes them.

    Which billing account pays for a key. What people wrote down wins (seed billing_accounts; the
    key before the project before the provider), then the account whose exports name the key, then
    the project, then the only account the provider has. A key two accounts name is nobody's until
    the seed says whose.
*/
with

metered as (

    select distinct
        provider,
        project_id,
        api_key_id
    from {{ ref('int_metered_usage_daily') }}

),

declared as (

    select
        provider,
        billing_account_id,
        nullif(project_id, '') as project_id,
        nullif(api_key_id, '') as api_key_id
    from {{ ref('billing_accounts') }}

),

provider_keys as (

    select
        provider,
        billing_account_id,
        project_id,
        api_key_id
    from {{ ref('int_provider_usage_daily') }}

    union

    select
        provider,
        billing_account_id,
        project_id,
        api_key_id
    from {{ ref('int_provider_costs_daily') }}

    union

    select
        provider,
        billing_account_id,
        coalesce(project_id, '(not grouped)') as project_id,
        '(not grouped)' as api_key_id
    from {{ ref('int_invoice_lines_keyed') }}

),

declared_ranked as (

    select
        metered.provider,
        metered.project_id,
        metered.api_key_id,
        declared.billing_account_id,
        row_number() over (
            partition by metered.provider, metered.project_id, metered.api_key_id
            order by
                case when declared.api_key_id is null then 1 else 0 end,
                case when declared.project_id is null then 1 else 0 end,
                declared.billing_account_id
        ) as declared_rank
    from metered
    inner join declared
        on
            metered.provider = declared.provider
            and metered.project_id = coalesce(declared.project_id, metered.project_id)
            and metered.api_key_id = coalesce(declared.api_key_id, metered.api_key_id)

),

key_accounts as (

    select
        provider,
        api_key_id,
        min(billing_account_id) as billing_account_id
    from provider_keys
    where api_key_id not in ('(not grouped)', '(console)', '(unattributed)')
    group by provider, api_key_id
    having count(distinct billing_account_id) = 1

),

project_accounts as (

    select
        provider,
        project_id,
        min(billing_account_id) as billing_account_id
    from provider_keys
    where project_id not in ('(not grouped)', '(default)', '(unattributed)')
    group by provider, project_id
    having count(distinct billing_account_id) = 1

),

only_accounts as (

    select
        provider,
        min(billing_account_id) as billing_account_id
    from provider_keys
    group by provider
    having count(distinct billing_account_id) = 1

),

final as (

    select
        metered.provider,
        metered.project_id,
        metered.api_key_id,
        coalesce(
            declared_ranked.billing_account_id,
            key_accounts.billing_account_id,
            project_accounts.billing_account_id,
            only_accounts.billing_account_id,
            '(unmapped)'
        ) as billing_account_id,
        case
            when declared_ranked.billing_account_id is not null then 'declared'
            when key_accounts.billing_account_id is not null then 'key'
            when project_accounts.billing_account_id is not null then 'project'
            when only_accounts.billing_account_id is not null then 'only account'
            else 'unmapped'
        end as matched_by
    from metered
    left join declared_ranked
        on
            metered.provider = declared_ranked.provider
            and metered.project_id = declared_ranked.project_id
            and metered.api_key_id = declared_ranked.api_key_id
            and declared_ranked.declared_rank = 1
    left join key_accounts
        on
            metered.provider = key_accounts.provider
            and metered.api_key_id = key_accounts.api_key_id
    left join project_accounts
        on
            metered.provider = project_accounts.provider
            and metered.project_id = project_accounts.project_id
    left join only_accounts
        on metered.provider = only_accounts.provider

)

select * from final
