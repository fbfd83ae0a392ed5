{# All tokens a row reads, cached or not; NULL where none is said. #}
{% macro input_tokens() -%}
    case
            when
                coalesce(
                    uncached_input_tokens,
                    cache_read_tokens,
                    cache_write_5m_tokens,
                    cache_write_1h_tokens
                ) is not null
                then
                    coalesce(uncached_input_tokens, 0)
                    + coalesce(cache_read_tokens, 0)
                    + coalesce(cache_write_5m_tokens, 0)
                    + coalesce(cache_write_1h_tokens, 0)
        end
{%- endmacro %}
