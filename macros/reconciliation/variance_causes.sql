{# What each cause of a variance means: its class, and what a finance person does about it. #}
{% macro variance_causes() -%}
    {{ return([
        ('missing_calls', 'data issue',
         'Land the calls our log lacks: the provider counts more requests than we do.'),
        ('duplicate_calls', 'data issue',
         'Find the source that lands calls twice: we count more requests than the provider.'),
        ('aborted_streams', 'data issue',
         'Accept the provider''s figure, and log the final usage of streams that end early.'),
        ('cache_split', 'data issue',
         'Correct how the log splits cached from uncached input: the totals agree, the classes do not.'),
        ('cache_write_split', 'data issue',
         'Log five-minute and one-hour cache writes apart: the provider charges two prices.'),
        ('tier_mix', 'data issue',
         'Log the service tier of each call: the same usage is charged under another tier.'),
        ('tool_fees', 'data issue',
         'Log the tools the provider charges for, such as web search and code execution.'),
        ('tokens_undercounted', 'data issue',
         'Read the provider''s own usage object: we count the same calls with fewer tokens.'),
        ('tokens_overcounted', 'data issue',
         'Look for tokens counted twice: we count the same calls with more tokens.'),
        ('mixed', 'data issue',
         'Ask for the provider''s usage export by key and request count: the causes cannot be told apart.'),
        ('cost_not_stated', 'data issue',
         'Log what these calls cost: they state nothing or 0, and the provider charges them.'),
        ('stated_cost_differs', 'data issue',
         'Find how these calls come to the cost they state: the provider charges another sum.'),
        ('unparsed', 'data issue',
         'Teach the parsing rules this line of the provider''s export.'),
        ('export_invoice_difference', 'data issue',
         'Ask the provider why its invoice differs from its own cost export.'),
        ('log_invoice_difference', 'data issue',
         'Ask the provider for its cost export: the invoice differs from our log, and none says why.'),
        ('invoice_only', 'data issue',
         'Ask the provider what this line charges: neither its export nor our log knows the usage.'),
        ('unexplained', 'data issue',
         'Ask the provider for the usage behind this amount before it is paid.'),
        ('total_differs_from_lines', 'data issue',
         'Ask the provider for the lines missing from its invoice: its total is not their sum.'),
        ('unpriced_usage', 'price',
         'Add the price of this model to the price overrides.'),
        ('wrong_price', 'price',
         'Compare our price with the contract: the provider charges another unit price all month.'),
        ('price_change', 'price',
         'Add the new price with its first day: the provider changed it within the month.'),
        ('overcharge', 'price',
         'Claim the difference: the provider charges more than the agreed price.'),
        ('unit_error', 'price',
         'Check the unit of the export: charge and price differ by a power of ten.'),
        ('no_exchange_rate', 'price',
         'Write the month''s exchange rate into the seed fx_rates.'),
        ('untracked_keys', 'real consumption',
         'Find who uses these keys, and log their calls or revoke the keys.'),
        ('untracked_models', 'real consumption',
         'Find who uses this model: no call of ours does.'),
        ('out_of_scope', 'real consumption',
         'Book it with the cloud services: it is no model usage.'),
        ('day_cut', 'timing',
         'Nothing: the provider ends its month at another hour than we do.'),
        ('day_shift', 'timing',
         'Nothing: the same usage is on the neighbouring day.'),
        ('charged_in_another_month', 'timing',
         'Accrue it in the month of use: the provider charges it in another.'),
        ('nothing_to_compare', 'timing',
         'Land the provider''s export or its invoice: there is nothing to compare with yet.'),
        ('not_invoiced_yet', 'timing',
         'Expect it on the next invoice: it is exported and not yet invoiced.'),
        ('not_on_invoice', 'timing',
         'Expect it on a later invoice: we logged it and this one does not charge it.'),
        ('discount', 'contract',
         'Check the discount against the contract, then write it into the contract prices.'),
        ('prepaid_credits', 'contract',
         'Release it from prepaid expenses: prepaid credits paid for it.'),
        ('usage_not_billed', 'contract',
         'Nothing to pay: the provider reports this usage and charges nothing for it.'),
        ('cost_not_exported', 'contract',
         'Take the invoice''s figure: the cost export leaves this tier out.'),
        ('credit', 'contract', 'Check the credit against the agreement.'),
        ('credit_note', 'contract', 'Book the credit note against the invoice it refers to.'),
        ('fee', 'contract', 'Check the fee against the contract.'),
        ('adjustment', 'contract', 'Ask the provider for the reason of the adjustment.'),
        ('commitment_true_up', 'contract', 'Check the minimum against the contract.'),
        ('tax', 'contract', 'Book the tax to its own account.'),
        ('rounding', 'matched', ''),
        ('line_rounding', 'matched', ''),
        ('total_rounding', 'matched', ''),
    ]) }}
{%- endmacro %}

{# The class of a cause; what is not listed is a contract term of the provider. #}
{% macro verdict_of(cause) -%}
    case {{ cause }}
        {%- for name, verdict, action in variance_causes() %}
        when '{{ name }}' then '{{ verdict }}'
        {%- endfor %}
        else 'contract'
    end
{%- endmacro %}

{# One sentence a finance person can act on. #}
{% macro next_action_of(cause) -%}
    case {{ cause }}
        {%- for name, verdict, action in variance_causes() if action %}
        when '{{ name }}'
            then '{{ action }}'
        {%- endfor %}
        else 'Nothing to do.'
    end
{%- endmacro %}
