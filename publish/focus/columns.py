"""Which columns each FOCUS dataset has, in the order they are written.

1.2 carries the pricing-currency columns and CommitmentDiscountStatus although nothing fills them:
the validator asks for them. 1.4 has no ProviderName and PublisherName any more; in their place
stand ServiceProviderName, HostProviderName and InvoiceDetailId. `x_` columns are ours.
"""

from __future__ import annotations

SHARED = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
)
OURS = (
    "x_BridgeComponent",
    "x_Cause",
    "x_Model",
    "x_PromptVersion",
    "x_ServiceTier",
    "x_Tenant",
    "x_TokenType",
    "x_Workload",
)
COST_AND_USAGE = {
    "1.2": (*sorted((*SHARED, "ProviderName", "PublisherName")), *OURS),
    "1.4": (
        *sorted((*SHARED, "HostProviderName", "InvoiceDetailId", "ServiceProviderName")),
        *OURS,
    ),
}
INVOICE_DETAIL = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "InvoiceDetailCreated",
    "InvoiceDetailDescription",
    "InvoiceDetailGrain",
    "InvoiceDetailId",
    "InvoiceDetailLastUpdated",
    "InvoiceId",
    "InvoiceIssueDate",
    "InvoiceIssueStatus",
    "InvoiceIssuerName",
    "PaymentCurrency",
    "PaymentCurrencyBilledCost",
    "PaymentCurrencyInvoiceDetailId",
    "PaymentDueDate",
    "PaymentTerms",
    "ReferenceInvoiceId",
)
BILLING_PERIOD = (
    "BillingPeriodCreated",
    "BillingPeriodEnd",
    "BillingPeriodLastUpdated",
    "BillingPeriodStart",
    "BillingPeriodStatus",
    "InvoiceIssuerName",
)
