{{ config(materialized='table') }}

/*
    Grain: sku_key.
    What the rules of the seed sku_rules read in the verbatim texts: for each target the first
    rule that matches, those of the source's own grammar before the common ones. NULL = no rule.
*/
{% set targets = [
    'scope',
    'meter',
    'model',
    'model_prefix',
    'service_tier',
    'context_tier',
    'unit',
    'pricing_unit',
] %}

with

skus as (

    select * from {{ ref('int_provider_skus_collected') }}

),

sku_rules as (

    select * from {{ ref('sku_rules') }}

),

texts as (

    select
        *,
        case
            when source like 'openai%' then 'openai'
            when source like 'anthropic%' then 'anthropic'
            when source = 'gcp-billing' then 'google'
            when source = 'aws-cur' then 'aws'
            when source = 'azure-costs' then 'azure'
            when source = 'openrouter' then 'openrouter'
            else provider
        end as grammar,
        {{ plain_text('line_item') }} as line_item_text,
        {{ plain_text('token_type') }} as token_type_text,
        {{ plain_text('service') }} as service_text,
        {{ plain_text('model') }} as model_text,
        {{ plain_text('service_tier') }} as service_tier_text,
        {{ plain_text('context_window') }} as context_window_text,
        {{ plain_text('speed') }} as speed_text,
        {{ plain_text('unit') }} as unit_text,
        {{ plain_text('pricing_unit') }} as pricing_unit_text
    from skus

),

-- grain: sku_key, field
fields as (

    {% for field in [
        'line_item', 'token_type', 'service', 'model', 'service_tier', 'context_window', 'speed',
        'unit', 'pricing_unit'
    ] %}
        select
            sku_key,
            grammar,
            '{{ field }}' as field,
            {{ field }}_text as field_text
        from texts
        where {{ field }}_text is not null

        union all
    {% endfor %}

    select
        sku_key,
        grammar,
        'source' as field,
        source as field_text
    from texts

),

-- grain: sku_key, target
matches as (

    select
        fields.sku_key,
        sku_rules.target,
        sku_rules.grammar || ' ' || sku_rules.target || ' '
        || cast(sku_rules.rule_order as varchar) as rule_id,
        -- chr(92) is the backslash that refers to a group of the pattern.
        case
            when position(chr(92) in sku_rules.value) > 0
                then {{ rewritten('fields.field_text', 'sku_rules.pattern', 'sku_rules.value') }}
            else sku_rules.value
        end as read_value,
        row_number() over (
            partition by fields.sku_key, sku_rules.target
            order by
                case when sku_rules.grammar = 'any' then 1 else 0 end,
                sku_rules.rule_order
        ) as match_rank
    from fields
    inner join sku_rules
        on
            sku_rules.grammar in ('any', fields.grammar)
            and fields.field = sku_rules.field
            and {{ regex_finds('fields.field_text', 'sku_rules.pattern') }}

),

read_by_target as (

    select
        sku_key,
        {% for target in targets %}
            max(case when target = '{{ target }}' then read_value end) as {{ target }}_read,
            max(case when target = '{{ target }}' then rule_id end) as {{ target }}_rule_id,
        {% endfor %}
        count(*) as target_count
    from matches
    where match_rank = 1
    group by sku_key

),

named as (

    select
        texts.*,
        {% for target in targets %}
            read_by_target.{{ target }}_read,
            read_by_target.{{ target }}_rule_id,
        {% endfor %}
        -- Display names keep their blanks where no rule knows them: ids have none.
        replace(
            case
                when read_by_target.model_rule_id is not null
                    then nullif(read_by_target.model_read, '')
                else texts.model_text
            end,
            ' ',
            '-'
        ) as unprefixed_model_name
    from texts
    left join read_by_target
        on texts.sku_key = read_by_target.sku_key

),

final as (

    select
        *,
        case
            when unprefixed_model_name like coalesce(model_prefix_read, '') || '%'
                then unprefixed_model_name
            else model_prefix_read || unprefixed_model_name
        end as model_name
    from named

)

select * from final
