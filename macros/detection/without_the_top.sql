{#
    The sum over a workload's tenants without the one that exceeds its expectation most; over all
    of them where there are fewer than four. Two tenants that exceed by the same are told apart by
    their cost, so that the same rows always give the same sum.
#}
{% macro without_the_top(summed, expected) -%}
    sum({{ summed }}) - case
                when tenant_counts.tenant_count < 4 then 0
                else max_by(
                    {{ summed }},
                    cast(cost_usd - {{ expected }} as double) + cast(cost_usd as double) * 1e-9
                )
            end
{%- endmacro %}
