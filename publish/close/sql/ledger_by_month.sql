select
    provider,
    billing_account_id,
    model,
    meter,
    service_tier,
    cost_center,
    project_id as project,
    feature as workload,
    tenant_id as tenant,
    cast(sum(quantity) as decimal(38, 6)) as quantity,
    cast(sum(cost_usd) as decimal(38, 12)) as cost_usd
from ledger_lines
group by all
order by all
