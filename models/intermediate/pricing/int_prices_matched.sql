/*
Grain: as `int_prices_keyed`, kept as a table: ten million calls probe it in one hash join.
*/
{{ config(materialized='table') }}

select * from {{ ref('int_prices_keyed') }}
