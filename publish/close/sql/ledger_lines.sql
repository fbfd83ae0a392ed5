-- Each SKU's quantity and cost on its users, by largest remainder in whole units; see inputs.py.
create or replace temporary table ledger_lines as
with

-- One join a level, each on all that must be equal: a shared key has thousands of users a day.
matched as (

    select ledger_costs.metered_id, ledger_usage.*
    from ledger_costs
    inner join ledger_usage using (
        cost_date, provider, project_id, api_key_id, model, meter, service_tier
    )
    where ledger_costs.level = 1

    union all by name

    select ledger_costs.metered_id, ledger_usage.*
    from ledger_costs
    inner join ledger_usage using (cost_date, provider, project_id, api_key_id, model, meter)
    where ledger_costs.level = 2

    union all by name

    select ledger_costs.metered_id, ledger_usage.*
    from ledger_costs
    inner join ledger_usage using (cost_date, provider, project_id, api_key_id, model)
    where ledger_costs.level = 3 and ledger_usage.meter = 'requests'

    union all by name

    select ledger_costs.metered_id, ledger_usage.*
    from ledger_costs
    inner join ledger_usage using (cost_date, provider, project_id, api_key_id)
    where ledger_costs.level = 4 and ledger_usage.meter = 'requests'

),

users as (

    select
        metered_id,
        tenant_id,
        feature,
        team,
        environment,
        workload_class,
        case when min(first_prompt) = max(last_prompt) then min(first_prompt) end
            as prompt_version,
        sum(quantity) as weight
    from matched
    group by all

),

weighed as (

    select
        ledger_costs.*,
        coalesce(users.tenant_id, '(unattributed)') as tenant_id,
        coalesce(users.feature, '(unattributed)') as feature,
        coalesce(users.team, '(unattributed)') as team,
        coalesce(users.environment, '(unattributed)') as environment,
        coalesce(users.workload_class, '(unattributed)') as workload_class,
        users.prompt_version,
        coalesce(users.weight, 1) as weight
    from ledger_costs
    left join users using (metered_id)

),

totals as (

    select
        *,
        greatest(weight, 0) as share_of,
        sum(greatest(weight, 0)) over (partition by metered_id) as shares,
        count(*) over (partition by metered_id) as line_count
    from weighed

),

usable as (

    -- Nothing to weigh by: equal parts.
    select
        * replace (
            case when shares = 0 then 1 else share_of end as share_of,
            case when shares = 0 then line_count else shares end as shares
        )
    from totals

),

floored as (

    select
        *,
        quantity_millionths * share_of // shares as quantity_floor,
        quantity_millionths * share_of % shares as quantity_rest,
        cost_picodollars * share_of // shares as cost_floor,
        cost_picodollars * share_of % shares as cost_rest
    from usable

),

ranked as (

    select
        *,
        row_number() over (
            partition by metered_id
            order by quantity_rest desc, tenant_id, feature, team, environment, workload_class
        ) as quantity_place,
        row_number() over (
            partition by metered_id
            order by cost_rest desc, tenant_id, feature, team, environment, workload_class
        ) as cost_place,
        quantity_millionths - sum(quantity_floor) over (partition by metered_id)
            as quantity_left_over,
        cost_picodollars - sum(cost_floor) over (partition by metered_id) as cost_left_over
    from floored

),

split as (

    select
        *,
        quantity_floor + case when quantity_place <= quantity_left_over then 1 else 0 end
            as quantity_share,
        cost_floor + case when cost_place <= cost_left_over then 1 else 0 end as cost_share
    from ranked

),

ruled as (

    select
        split.*,
        cost_centers.cost_center,
        row_number() over (
            partition by
                metered_id, split.tenant_id, split.feature, split.team, split.environment,
                split.workload_class
            order by
                (cost_centers.tenant_id <> '*')::int + (cost_centers.feature <> '*')::int
                + (cost_centers.team <> '*')::int + (cost_centers.environment <> '*')::int
                + (cost_centers.workload_class <> '*')::int desc,
                cost_centers.tenant_id <> '*' desc,
                cost_centers.feature <> '*' desc,
                cost_centers.team <> '*' desc,
                cost_centers.environment <> '*' desc,
                cost_centers.workload_class <> '*' desc,
                cost_centers.cost_center
        ) as rule_place
    from split
    left join seeds.cost_centers
        on
            cost_centers.tenant_id in ('*', split.tenant_id)
            and cost_centers.feature in ('*', split.feature)
            and cost_centers.team in ('*', split.team)
            and cost_centers.environment in ('*', split.environment)
            and cost_centers.workload_class in ('*', split.workload_class)
            and split.cost_date >= coalesce(cost_centers.valid_from, date '0001-01-01')
            and split.cost_date < coalesce(cost_centers.valid_to, date '9999-12-31')

)

select
    cost_date,
    provider,
    billing_account_id,
    project_id,
    api_key_id,
    model,
    meter,
    service_tier,
    tenant_id,
    feature,
    team,
    environment,
    workload_class,
    coalesce(cost_center, '(no cost center)') as cost_center,
    prompt_version,
    sum(cast(pointed(quantity_share, 6) as decimal(38, 6))) as quantity,
    sum(cast(pointed(cost_share, 12) as decimal(38, 12))) as cost_usd
from ruled
where rule_place = 1
group by all;
