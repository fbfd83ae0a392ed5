{% macro without_known_price_keys() %}
    {#- Keeps an incremental run of int_price_keys_collected from adding a key twice. -#}
    {%- if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as known
        where
            known.provider is not distinct from combinations.provider
            and known.model is not distinct from combinations.model
            and known.service_tier is not distinct from combinations.service_tier
            and known.is_batch is not distinct from combinations.is_batch
            and known.speed is not distinct from combinations.speed
            and known.inference_geo is not distinct from combinations.inference_geo
            and known.project_id is not distinct from combinations.project_id
    )
    {%- endif %}
{% endmacro %}
