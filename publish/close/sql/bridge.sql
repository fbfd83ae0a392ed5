select
    provider,
    coalesce(billing_account_id, '(unmapped)') as billing_account_id,
    invoice_id,
    currency,
    step,
    component,
    model,
    token_class as meter,
    service_tier,
    cause,
    cast(quantity as decimal(38, 6)) as quantity,
    unit,
    cast(amount as decimal(38, 12)) as amount
from marts.fct_invoice_bridge_monthly
where billing_month = $month
order by all
