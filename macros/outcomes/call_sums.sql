{# Token classes that tasks and runs carry; rare meters stay in the ledger. #}
{% macro task_token_columns() -%}
    {{ return([
        'uncached_input_tokens',
        'cache_read_tokens',
        'cache_write_5m_tokens',
        'cache_write_1h_tokens',
        'output_tokens',
        'reasoning_tokens',
    ]) }}
{%- endmacro %}

{% macro task_count_columns() -%}
    {{ return([
        'call_count',
        'operation_count',
        'retry_call_count',
        'failed_call_count',
        'unpriced_call_count',
    ]) }}
{%- endmacro %}

{% macro task_cost_columns() -%}
    {{ return(['billed_cost_usd', 'chargeable_cost_usd', 'retry_cost_usd']) }}
{%- endmacro %}

{#
    The columns of a call that `call_sums` sums, from `calls` (int_calls_priced) left joined with
    `attempts` (int_attempts_resolved).
#}
{% macro call_sum_inputs() -%}
        calls.event_date,
        calls.started_at,
        calls.event_id,
        calls.component_index,
        {{ call_context_id('calls') }} as context_id,
        calls.component_index = 0 as is_call,
        calls.attempt_number,
        calls.outcome,
        calls.pricing_status,
        coalesce(attempts.is_served, calls.outcome = 'success') as is_served,
        coalesce(attempts.is_operation_start, calls.attempt_number = 1) as is_operation_start,
        {% for column in task_token_columns() %}
            calls.{{ column }},
        {% endfor %}
        calls.billed_cost_usd
{%- endmacro %}

{#
    What the calls of one task or run on one UTC date sum to. The context is that of its first
    call: the earliest start, then the smaller event id. Costs are the known part; NULL where no
    call's cost is known.
#}
{% macro call_sums() -%}
        min(started_at) as first_started_at,
        max(started_at) as last_started_at,
        min_by(context_id, {{ in_order(['started_at', 'event_id', 'component_index']) }})
            as context_id,
        count(*) filter (where is_call) as call_count,
        count(*) filter (where is_call and is_operation_start) as operation_count,
        count(*) filter (where is_call and attempt_number > 1) as retry_call_count,
        count(*) filter (where is_call and outcome <> 'success') as failed_call_count,
        count(*) filter (where is_call and pricing_status = 'unpriced') as unpriced_call_count,
        {% for column in task_token_columns() %}
            cast(sum({{ column }}) as bigint) as {{ column }},
        {% endfor %}
        cast(sum(billed_cost_usd) as decimal(38, 12)) as billed_cost_usd,
        cast(sum({{ chargeable_cost_usd('billed_cost_usd', 'is_served') }}) as decimal(38, 12))
            as chargeable_cost_usd,
        cast(
            sum(
                case
                    when billed_cost_usd is null then null
                    when attempt_number > 1 then billed_cost_usd
                    else 0
                end
            ) as decimal(38, 12)
        ) as retry_cost_usd
{%- endmacro %}

{# The sums of several dates put together; the context is that of the earliest. #}
{% macro call_sums_joined() -%}
        min(event_date) as first_call_date,
        max(event_date) as last_call_date,
        min(first_started_at) as first_started_at,
        max(last_started_at) as last_started_at,
        min_by(context_id, first_started_at) as context_id,
        {% for column in task_count_columns() + task_token_columns() %}
            cast(sum({{ column }}) as bigint) as {{ column }},
        {% endfor %}
        {% for column in task_cost_columns() %}
            cast(sum({{ column }}) as decimal(38, 12)) as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
{%- endmacro %}

{#
    All tokens read and written; reasoning is part of the output. NULL where none is said.
    `relation` names where the columns are from, where more than one has them.
#}
{% macro total_tokens(relation=none) -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    case
            when
                coalesce(
                    {{ of }}uncached_input_tokens,
                    {{ of }}cache_read_tokens,
                    {{ of }}cache_write_5m_tokens,
                    {{ of }}cache_write_1h_tokens,
                    {{ of }}output_tokens
                ) is not null
                then
                    coalesce({{ of }}uncached_input_tokens, 0)
                    + coalesce({{ of }}cache_read_tokens, 0)
                    + coalesce({{ of }}cache_write_5m_tokens, 0)
                    + coalesce({{ of }}cache_write_1h_tokens, 0)
                    + coalesce({{ of }}output_tokens, 0)
        end
{%- endmacro %}
