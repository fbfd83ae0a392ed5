/*
Grain: one row per combination of the fields that decide a call's price.

The only model here that reads calls. Everything a price depends on is resolved on these few
thousand rows, so the ten million calls need one hash join. Append-only: a combination that no
call carries any more does no harm.
*/
{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

calls as (

    select * from {{ ref('stg_lake__calls') }}
    where {{ in_touched_dates('event_date') }}

),

combinations as (

    select distinct {{ price_key_columns() | join(', ') }}
    from calls

),

final as (

    select combinations.*
    from combinations
    {{ unless_known('combinations', price_key_columns()) }}

)

select * from final
