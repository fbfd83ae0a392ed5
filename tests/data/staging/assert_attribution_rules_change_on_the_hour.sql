/*
    Mapping rules start and end on whole UTC hours: the hourly costs are attributed by the hour,
    so a rule that changed within one would split it differently than the ledger does.
    Rows returned are rules that do not.
*/
select
    rule_id,
    valid_from,
    valid_to
from {{ ref('attribution_rules') }}
where
    valid_from <> {{ utc_hour('valid_from') }}
    or valid_to <> {{ utc_hour('valid_to') }}
    or valid_to <= valid_from
