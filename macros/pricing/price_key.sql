{% macro price_key_columns() %}
    {#- The fields of a call that decide its price. -#}
    {{ return([
        "provider",
        "model",
        "service_tier",
        "is_batch",
        "speed",
        "inference_geo",
        "project_id",
    ]) }}
{% endmacro %}


{% macro price_key_hash(relation) %}
    {#- Both sides of the price join make it at reading, so any version of the engine can read the
        views. No two keys share one: assert_price_keys_hash_apart. -#}
    {{- return(hash_64(relation, price_key_columns())) -}}
{% endmacro %}
