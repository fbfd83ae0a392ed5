/*
    Every rule that reads provider texts matches the example beside it.
    Rows returned are rules that would not.
*/
select
    grammar,
    target,
    rule_order,
    pattern,
    example
from {{ ref('sku_rules') }}
where not {{ regex_finds('example', 'pattern') }}
