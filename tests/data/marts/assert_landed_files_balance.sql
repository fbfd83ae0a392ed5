/*
    Every line of a landed file is a call, a duplicate or in quarantine; none is dropped.
    Rows returned are files whose lines do not add up.
*/
select
    landing_id,
    source_file,
    rows_read,
    rows_landed,
    rows_duplicate,
    rows_quarantined
from {{ ref('fct_landing_audit') }}
where not coalesce(is_balanced, false)
