/*
Model runs billed inside one call but left out of its usage: Anthropic's `iterations`. Grain: one
row per extra run, in the shape of `fields`, component_index 1, 2, … in the order reported.

Anthropic does not promise which iterations the top-level counts hold, so arithmetic decides: the
runs that sum to the top level are in it, the others are extra. If nothing sums, only `message`
runs are taken to be in it, as documented, and the extra rows are marked as estimated.
Column order differs from `fields` (component_index is last): union by name.
*/
with

suspects as not materialized (

    select
        fields.*,
        try(json_transform(usage, '{
            "iterations": ["JSON"],
            "input_tokens": "BIGINT", "inputTokens": "BIGINT",
            "output_tokens": "BIGINT", "outputTokens": "BIGINT",
            "service_tier": "VARCHAR", "speed": "VARCHAR", "inference_geo": "VARCHAR"
        }')) as told
    from fields
    -- one substring search is all a batch without iterations pays
    where contains(usage, '"iterations"')

),

listed as not materialized (

    select
        *,
        coalesce(told.input_tokens, told.inputTokens, 0)
        + coalesce(told.output_tokens, told.outputTokens, 0) as told_top,
        [
            struct_pack(
                kind := json_extract_string(iteration, '$.type'),
                model := json_extract_string(iteration, '$.model'),
                tokens := coalesce(try_cast(coalesce(
                    json_extract_string(iteration, '$.input_tokens'),
                    json_extract_string(iteration, '$.inputTokens')
                ) as bigint), 0) + coalesce(try_cast(coalesce(
                    json_extract_string(iteration, '$.output_tokens'),
                    json_extract_string(iteration, '$.outputTokens')
                ) as bigint), 0),
                text := cast(iteration as varchar)
            )
            for iteration in told.iterations
        ] as told_runs
    from suspects
    where told.iterations is not null

),

summed as not materialized (

    select
        *,
        list_sum([run.tokens for run in told_runs]) = told_top as told_all_inside,
        coalesce(
            list_sum([run.tokens for run in told_runs if run.kind = 'message']) = told_top, false
        ) as told_messages_inside,
        coalesce(list_sum(
            [run.tokens for run in told_runs if run.kind = 'fallback_message']
        ) = told_top, false) as told_fallback_inside
    from listed

),

chosen as not materialized (

    select
        *,
        [
            run for run in told_runs
            if run.kind <> case
                when told_fallback_inside and not told_messages_inside then 'fallback_message'
                else 'message'
            end
        ] as told_extra
    from summed
    where not told_all_inside

),

extra as not materialized (

    select
        *,
        unnest(told_extra) as told_run,
        generate_subscripts(told_extra, 1) as told_index
    from chosen

),

final as (

    select
        columns(lambda name: name not in (
            'told', 'component_index', 'usage', 'model', 'requested_model', 'usage_status',
            'service_tier', 'speed', 'inference_geo', 'cost_usd', 'provider_cost_usd',
            'web_search_requests', 'code_execution_sessions', 'images', 'search_units',
            'audio_seconds'
        ) and not starts_with(name, 'told_')),
        told_run.text as usage,
        -- a fallback answers under its own name, so the first try ran on the model asked for
        coalesce(
            told_run.model, case when told_run.kind = 'message' then requested_model end, model
        ) as model,
        coalesce(told_run.model, requested_model, model) as requested_model,
        case
            when told_messages_inside or told_fallback_inside then usage_status
            else 'estimated'
        end as usage_status,
        coalesce(told.service_tier, service_tier) as service_tier,
        coalesce(told.speed, speed) as speed,
        coalesce(told.inference_geo, inference_geo) as inference_geo,
        -- what is counted once per call stays with the call
        cast(null as varchar) as cost_usd,
        cast(null as varchar) as provider_cost_usd,
        cast(null as varchar) as web_search_requests,
        cast(null as varchar) as code_execution_sessions,
        cast(null as varchar) as images,
        cast(null as varchar) as search_units,
        cast(null as varchar) as audio_seconds,
        cast(told_index as integer) as component_index
    from extra

)

select * from final
