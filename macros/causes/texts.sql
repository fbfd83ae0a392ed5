{# What a driver did, as a clause: `cache reads fell from 68 % to 19 % of input`. #}
{% macro driver_text(drivers) -%}
    {%- set before = drivers ~ '.figure_before' -%}
    {%- set after = drivers ~ '.figure_after' -%}
    {%- set moved -%}
        case when {{ after }} >= {{ before }} then ' rose from ' else ' fell from ' end
    {%- endset -%}
    case {{ drivers }}.driver
                        when 'volume'
                            then concat(
                                'operations', {{ moved }}, {{ number_text(before) }}, ' to ',
                                {{ number_text(after) }}
                            )
                        when 'retries'
                            then concat(
                                'attempts per operation', {{ moved }},
                                {{ number_text(before, 2) }}, ' to ', {{ number_text(after, 2) }}
                            )
                        when 'model_mix'
                            then concat(
                                'calls of ', coalesce({{ drivers }}.risen_model, 'some models'),
                                {{ moved }}, {{ percent_text(before) }}, ' to ',
                                {{ percent_text(after) }}
                            )
                        when 'input_tokens'
                            then concat(
                                'mean input tokens per call', {{ moved }},
                                {{ number_text(before) }}, ' to ', {{ number_text(after) }}
                            )
                        when 'cache_share'
                            then concat(
                                'cache reads', {{ moved }}, {{ percent_text(before) }}, ' to ',
                                {{ percent_text(after) }}, ' of input'
                            )
                        when 'output_tokens'
                            then concat(
                                'mean output tokens per call', {{ moved }},
                                {{ number_text(before) }}, ' to ', {{ number_text(after) }}
                            )
                        when 'price' then 'the prices of the tokens changed'
                        else 'charges that are not by token changed'
                    end
{%- endmacro %}

{# A change as a clause: `route_policy r15 (before: r14) of 2026-10-05 10:40 UTC (score 0.83)`. #}
{% macro change_text(changes) -%}
    concat(
            {{ changes }}.change_type, ' ', coalesce({{ changes }}.version, {{ changes }}.change_id),
            case
                when {{ changes }}.previous_version is null then ''
                else concat(' (before: ', {{ changes }}.previous_version, ')')
            end,
            ' of ', {{ instant_text(changes ~ '.changed_at') }},
            ' (candidate, score ', {{ number_text(changes ~ '.score', 2) }}, ')'
        )
{%- endmacro %}
