{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
) }}

/*
    Grain: context_id; the same as one combination of everything a call says about where it
    belongs, NULLs as logged.

    Calls repeat the same eighteen texts millions of times, so the hourly cube groups by one
    number instead. The number is a hash of the texts: the cube makes it from the call itself and
    needs no join of 10 million rows. Two contexts of one number would be two rows here, which the
    grain test refuses. No public table shows the numbers.
*/
with

calls as (

    select * from {{ ref('stg_lake__calls') }}
    where {{ in_touched_dates('event_date') }}

),

combinations as (

    select distinct
        {{ call_context_id('calls') }} as context_id,
        {{ call_context_columns() | join(',\n        ') }}
    from calls

),

final as (

    select combinations.*
    from combinations
    {{ unless_known('combinations', ['context_id'] + call_context_columns()) }}

)

select * from final
