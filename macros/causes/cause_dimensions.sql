{# What an incident's cost can be cut by, beside the workload it belongs to. #}
{% macro cause_dimensions() -%}
    {{ return([
        'tenant_id',
        'model',
        'prompt_version',
        'route_policy_version',
        'workflow_id',
        'endpoint',
        'api_key_id',
        'operation',
    ]) }}
{%- endmacro %}

{#
    What is summed of an incident's hours and of those it is compared with. Attempts and tokens of
    the cost model are those that cost something: a refused call has no attempt, an answer from our
    own cache neither that nor an operation, a call that nobody can price has no tokens here.
#}
{% macro cause_measures() -%}
    {%- set is_hit = "pricing_status = 'not_billable' and outcome = 'success'" -%}
    {%- set is_free = "pricing_status = 'not_billable'" -%}
    {%- set is_untold = "pricing_status in ('not_billable', 'unpriced')" -%}
    {%- set input -%}
        coalesce(uncached_input_tokens, 0) + coalesce(cache_read_tokens, 0)
                + coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0)
    {%- endset -%}
    {{ return([
        ('call_count', 'call_count'),
        ('operation_count', 'case when ' ~ is_hit ~ ' then 0 else operation_count end'),
        ('attempt_count', 'case when ' ~ is_free ~ ' then 0 else call_count end'),
        ('priced_attempt_count', 'case when ' ~ is_untold ~ ' then 0 else call_count end'),
        ('input_tokens', 'case when ' ~ is_untold ~ ' then 0 else ' ~ input ~ ' end'),
        ('cache_read_tokens', 'case when ' ~ is_untold ~ ' then 0 else cache_read_tokens end'),
        ('output_tokens', 'case when ' ~ is_untold ~ ' then 0 else output_tokens end'),
        ('cost_usd', 'billed_cost_usd'),
        ('cache_read_cost_usd', 'cache_read_cost_usd'),
        ('output_cost_usd', 'output_cost_usd'),
        ('other_cost_usd', 'other_cost_usd'),
    ]) }}
{%- endmacro %}

{% macro cause_measure_type(measure) -%}
    {{- 'decimal(38, 12)' if measure.endswith('_usd') else 'bigint' -}}
{%- endmacro %}

{# The dimensions a grouping set is of, or their values, joined by |. #}
{% macro grouped_texts(dimensions, names=false) -%}
    {%- set texts = ["'|'"] -%}
    {%- for dimension in dimensions -%}
        {%- set text = "'" ~ dimension ~ "'" if names else dimension -%}
        {%- do texts.append('case when is_all_' ~ dimension ~ ' = 0 then ' ~ text ~ ' end') -%}
    {%- endfor -%}
    concat_ws(
            {{ texts | join(',\n            ') }}
        )
{%- endmacro %}
