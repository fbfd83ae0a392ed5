{#
    CTEs `models` and `ranked` that match every `provider` and `model` of the relation `names` with
    the catalogue: int_models_matched says by which rules. The model has a CTE `model_aliases`.
#}
{% macro models_ranked_by_alias(names) %}
models as (

    select distinct
        provider,
        model,
        lower(model) as model_name,
        {{ dashed_compact_date('lower(model)') }} as model_name_dashed,
        {{ without_path('lower(model)') }} as model_name_without_path
    from {{ names }}
    where provider is not null and model is not null

),

-- grain: provider, model, spelling
spellings as (

    select
        provider,
        model,
        model_name as spelling,
        1 as attempt
    from models

    union all

    select
        provider,
        model,
        model_name_dashed as spelling,
        2 as attempt
    from models
    where model_name_dashed != model_name

    union all

    select
        provider,
        model,
        model_name_without_path as spelling,
        3 as attempt
    from models
    where model_name_without_path != model_name

),

-- grain: provider, model, spelling, rule, group: the groups whose every row matches
groups_matched as (

    select
        spellings.provider,
        spellings.model,
        spellings.attempt,
        spellings.spelling,
        model_aliases.rule_order,
        model_aliases.price_provider,
        model_aliases.price_model,
        model_aliases.origin
    from spellings
    inner join model_aliases on spellings.provider = model_aliases.provider
    group by
        spellings.provider,
        spellings.model,
        spellings.attempt,
        spellings.spelling,
        model_aliases.rule_order,
        model_aliases.and_group,
        model_aliases.price_provider,
        model_aliases.price_model,
        model_aliases.origin
    having
        min(case
            when
                model_aliases.match_kind = 'equals'
                then case when spellings.spelling = model_aliases.pattern then 1 else 0 end
            when
                model_aliases.match_kind = 'starts_with'
                then case
                    when
                        left(spellings.spelling, length(model_aliases.pattern))
                        = model_aliases.pattern
                        then 1
                    else 0
                end
            when
                model_aliases.match_kind = 'ends_with'
                then case
                    when
                        right(spellings.spelling, length(model_aliases.pattern))
                        = model_aliases.pattern
                        then 1
                    else 0
                end
            when
                model_aliases.match_kind = 'contains'
                then case
                    when position(model_aliases.pattern in spellings.spelling) > 0 then 1 else 0
                end
            when
                model_aliases.match_kind = 'regex'
                then case
                    when {{ regex_finds('spellings.spelling', 'model_aliases.pattern') }} then 1
                    else 0
                end
            when
                model_aliases.match_kind = 'not_regex'
                then case
                    when {{ regex_finds('spellings.spelling', 'model_aliases.pattern') }} then 0
                    else 1
                end
            else 0
        end) = 1

),

ranked as (

    select
        *,
        row_number() over (
            partition by provider, model
            order by attempt, rule_order, price_model
        ) as match_rank
    from groups_matched

)
{% endmacro %}
