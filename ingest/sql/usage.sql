/*
The one normaliser: what a provider, a gateway or our own log said about a call's usage becomes
disjoint token classes. Grain: one row out for each row in.

Reads the relation `fields`: canonical log fields as text, exactly as json_extract_string gives
them (see CONSUMED in ingest/usage.py); every other column passes through untouched.

Classes: total input = uncached + cache read + 5m write + 1h write; output includes reasoning;
audio counts are subsets. NULL = the source did not say; 0 = it said so, or its dialect always
states the class when it occurs and this object is otherwise complete.

One parse per usage object, none for a row with flat counts: ingest/usage.py puts it in the place
of `told_by(usage)`, with the type of usage_keys.json. A row with a usage_problem belongs in
quarantine; its typed columns are not to be used. Every choice is explained where it is made.
*/
with

parsed as not materialized (

    select
        fields.*,
        lower(coalesce(provider, '')) as told_provider,
        lower(coalesce(model, requested_model, '')) as told_model,
        told_by(usage) as told
    from fields

),

-- A dialect is told by the keys that are there; the provider only decides between look-alikes.
named as not materialized (

    select
        *,
        case
            when usage is null then 'flat'
            when told is null or not starts_with(usage, '{') then 'unreadable'
            when told.billed_units is not null
                or told.meta.billed_units is not null
                or told.billedUnits is not null then 'cohere'
            when told.generation_token_count is not null then 'bedrock_llama'
            when told.inputTextTokenCount is not null then 'bedrock_titan'
            when coalesce(
                told.promptTokenCount, told.totalTokenCount, told.candidatesTokenCount,
                told.prompt_token_count, told.total_token_count, told.candidates_token_count,
                told.trafficType, told.traffic_type
            ) is not null then 'gemini'
            when told.total_input_tokens is not null then 'gemini_interactions'
            when coalesce(
                told.prompt_tokens, told.promptTokens, told.completion_tokens, told.completionTokens
            ) is not null then
                case
                    when contains(told_provider, 'google')
                        or contains(told_provider, 'gemini')
                        or contains(told_provider, 'vertex') then 'gemini_openai'
                    when coalesce(told.completion_tokens, told.completionTokens) is null
                        then 'openai_embeddings'
                    else 'openai_chat'
                end
            when told.type = 'duration' and told.seconds is not null then 'openai_duration'
            when coalesce(
                told.input_tokens, told.output_tokens, told.inputTokens, told.outputTokens
            ) is not null then
                case
                    when told.cache_creation is not null
                        or told.cacheCreation is not null
                        or told.server_tool_use is not null
                        or coalesce(
                            told.cache_creation_input_tokens, told.cacheCreationInputTokens,
                            told.output_tokens_details.thinking_tokens
                        ) is not null then 'anthropic'
                    when coalesce(
                        told.cacheReadInputTokens, told.cacheWriteInputTokens,
                        told.cacheReadInputTokenCount, told.cache_write_input_tokens
                    ) is not null then 'bedrock_converse'
                    when told.cache_read_input_tokens is not null then 'anthropic'
                    when told_provider = 'cohere' then 'cohere'
                    when coalesce(told.inputTokens, told.outputTokens) is not null
                        and (
                            contains(told_provider, 'bedrock') or contains(told_provider, 'aws')
                        ) then 'bedrock_converse'
                    when told.total_tokens is not null
                        or told.totalTokens is not null
                        or told.input_tokens_details is not null
                        or told.inputTokensDetails is not null
                        or told.inputTokenDetails is not null then 'openai_responses'
                    when contains(told_provider, 'anthropic')
                        or contains(told_model, 'claude') then 'anthropic'
                    else 'openai_responses'
                end
            when told.search_units is not null then 'cohere'
            when coalesce(told.total_tokens, told.totalTokens) is not null then 'total_only'
            else 'unknown'
        end as told_dialect,
        usage is not null as told_usage
    from parsed

),

-- The same questions put to every dialect; one object answers under one name only.
asked as not materialized (

    select
        *,
        case when told_usage then
            case told_dialect
                when 'cohere' then coalesce(
                    told.billed_units.input_tokens, told.meta.billed_units.input_tokens,
                    told.billedUnits.inputTokens, told.input_tokens
                )
                else coalesce(
                    told.prompt_tokens, told.input_tokens, told.promptTokenCount, told.inputTokens,
                    told.promptTokens, told.prompt_token_count, told.total_input_tokens,
                    told.inputTextTokenCount
                )
            end
        else input_tokens end as said_input,
        case when told_usage then
            case told_dialect
                -- what Cohere bills has its cached part taken out already
                when 'cohere' then null
                else coalesce(
                    told.prompt_tokens_details.cached_tokens,
                    told.input_tokens_details.cached_tokens, told.cache_read_input_tokens,
                    told.cachedContentTokenCount, told.cacheReadInputTokens,
                    told.cacheReadInputTokenCount, told.prompt_cache_hit_tokens,
                    told.num_cached_tokens, told.cached_tokens,
                    told.prompt_token_details.cached_tokens, told.cached_content_token_count,
                    told.total_cached_tokens, told.inputTokensDetails.cachedTokens,
                    told.inputTokenDetails.cacheReadTokens, told.cachedInputTokens,
                    told.input_token_details.cached_tokens, told.input_token_details.cache_read,
                    case when told.promptTokens is not null
                        then json_extract_string(usage, '$.promptTokensDetails.cachedTokens') end
                )
            end
        else cached_input_tokens end as said_cached,
        case when told_usage then coalesce(
            told.cache_creation_input_tokens, told.prompt_tokens_details.cache_write_tokens,
            told.input_tokens_details.cache_write_tokens, told.cacheWriteInputTokens,
            told.cacheWriteInputTokenCount, told.cache_write_input_tokens,
            told.cacheCreationInputTokens, told.prompt_tokens_details.cache_creation_tokens,
            told.inputTokensDetails.cacheWriteTokens, told.inputTokenDetails.cacheWriteTokens,
            told.input_token_details.cache_creation
        ) end as said_write,
        case when told_usage then coalesce(
            told.cache_creation.ephemeral_5m_input_tokens,
            told.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens,
            told.cacheCreation.ephemeral5mInputTokens,
            case when told.cacheDetails is not null then cast(list_sum([
                try_cast(detail.inputTokens as bigint)
                for detail in told.cacheDetails if detail.ttl = '5m'
            ]) as varchar) end,
            case when told.cache_details is not null then cast(list_sum([
                try_cast(detail.input_tokens as bigint)
                for detail in told.cache_details if detail.ttl = '5m'
            ]) as varchar) end
        ) else cache_write_5m_tokens end as said_write_5m,
        case when told_usage then coalesce(
            told.cache_creation.ephemeral_1h_input_tokens,
            told.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens,
            told.cacheCreation.ephemeral1hInputTokens,
            case when told.cacheDetails is not null then cast(list_sum([
                try_cast(detail.inputTokens as bigint)
                for detail in told.cacheDetails if detail.ttl = '1h'
            ]) as varchar) end,
            case when told.cache_details is not null then cast(list_sum([
                try_cast(detail.input_tokens as bigint)
                for detail in told.cache_details if detail.ttl = '1h'
            ]) as varchar) end
        ) else cache_write_1h_tokens end as said_write_1h,
        case when told_usage then
            case told_dialect
                when 'cohere' then coalesce(
                    told.billed_units.output_tokens, told.meta.billed_units.output_tokens,
                    told.billedUnits.outputTokens, told.output_tokens
                )
                else coalesce(
                    told.completion_tokens, told.output_tokens, told.candidatesTokenCount,
                    told.outputTokens, told.completionTokens, told.candidates_token_count,
                    told.responseTokenCount, told.response_token_count, told.total_output_tokens,
                    told.generation_token_count
                )
            end
        else output_tokens end as said_output,
        case when told_usage then coalesce(
            told.completion_tokens_details.reasoning_tokens,
            told.output_tokens_details.reasoning_tokens, told.output_tokens_details.thinking_tokens,
            told.thoughtsTokenCount, told.completion_token_details.reasoning_tokens,
            told.thoughts_token_count, told.total_thought_tokens,
            told.outputTokensDetails.reasoningTokens, told.outputTokensDetails.thinkingTokens,
            told.outputTokenDetails.reasoningTokens, told.output_token_details.reasoning_tokens,
            told.output_token_details.reasoning, told.reasoning_tokens, told.reasoningTokens,
            case when told.completionTokens is not null then json_extract_string(
                usage, '$.completionTokensDetails.reasoningTokens'
            ) end
        ) else reasoning_tokens end as said_reasoning,
        case when told_usage then coalesce(
            told.total_tokens, told.totalTokenCount, told.totalTokens, told.total_token_count
        ) else total_tokens end as said_total,
        case when told_usage then coalesce(
            told.toolUsePromptTokenCount, told.tool_use_prompt_token_count,
            told.total_tool_use_tokens
        ) end as said_tool_input,
        case when told_usage then
            case
                when told_dialect <> 'gemini' then coalesce(
                    told.prompt_tokens_details.audio_tokens, told.input_tokens_details.audio_tokens,
                    told.input_token_details.audio_tokens, told.prompt_token_details.audio_tokens
                )
                when told.promptTokensDetails is not null then cast(coalesce(list_sum([
                    detail.tokenCount for detail in told.promptTokensDetails
                    if detail.modality in ('AUDIO', '4')
                ]), 0) as varchar)
            end
        else input_audio_tokens end as said_input_audio,
        case when told_usage then
            case
                when told_dialect <> 'gemini' then coalesce(
                    told.prompt_tokens_details.cached_tokens_details.audio_tokens,
                    told.input_token_details.cached_tokens_details.audio_tokens
                )
                when told.cacheTokensDetails is not null then cast(coalesce(list_sum([
                    detail.tokenCount for detail in told.cacheTokensDetails
                    if detail.modality in ('AUDIO', '4')
                ]), 0) as varchar)
            end
        else cached_input_audio_tokens end as said_cached_audio,
        case when told_usage then
            case
                when told_dialect <> 'gemini' then coalesce(
                    told.completion_tokens_details.audio_tokens,
                    told.output_tokens_details.audio_tokens, told.output_token_details.audio_tokens
                )
                when coalesce(told.candidatesTokensDetails, told.responseTokensDetails) is not null
                    then cast(coalesce(list_sum([
                        detail.tokenCount
                        for detail in coalesce(
                            told.candidatesTokensDetails, told.responseTokensDetails
                        )
                        if detail.modality in ('AUDIO', '4')
                    ]), 0) as varchar)
            end
        else output_audio_tokens end as said_output_audio,
        case when told_usage then coalesce(
            told.server_tool_use.web_search_requests,
            told.server_tool_use_details.web_search_requests,
            told.serverToolUse.webSearchRequests, told.num_search_queries, web_search_requests
        ) else web_search_requests end as said_web_search,
        case when told_usage then coalesce(
            told.server_tool_use.code_execution_requests, told.serverToolUse.codeExecutionRequests,
            code_execution_sessions
        ) else code_execution_sessions end as said_code_execution,
        images as said_image,
        case when told_usage then coalesce(
            told.billed_units.search_units, told.meta.billed_units.search_units,
            told.billedUnits.searchUnits, told.search_units, search_units
        ) else search_units end as said_search_unit,
        case when told_usage and told_dialect = 'cohere' then coalesce(
            told.billed_units.image_tokens, told.meta.billed_units.image_tokens,
            told.billedUnits.imageTokens, told.image_tokens
        ) end as said_image_token,
        case when told_usage then coalesce(
            case when told.type = 'duration' then told.seconds end,
            told.prompt_audio_seconds, audio_seconds
        ) else audio_seconds end as said_audio_second,
        /* OpenRouter's `cost` is what it charged. For a call on the customer's own key (BYOK) that
           is only its fee, 0 as a rule: the upstream provider charges the rest on that key. Both
           together are what the call cost, and OpenRouter states both, so both are counted. */
        case
            when provider_cost_usd is not null or not told_usage then provider_cost_usd
            when not contains(told_provider, 'openrouter') or told.cost is null then null
            when not coalesce(told.is_byok, false) then told.cost
            else cast(
                try_cast(told.cost as decimal(38, 12))
                + try_cast(told.cost_details.upstream_inference_cost as decimal(38, 12)) as varchar
            )
        end as said_provider_cost,
        case when told_usage
            then coalesce(
                told.service_tier, told.serviceTier, told.trafficType, told.traffic_type,
                service_tier
            )
            else service_tier
        end as said_tier,
        case when told_usage then coalesce(told.speed, speed) else speed end as said_speed,
        case when told_usage
            then coalesce(told.inference_geo, told.inferenceGeo, inference_geo)
            else inference_geo
        end as said_geo,
        case
            when not told_usage then false
            when contains(told_provider, 'openai') or contains(told_provider, 'azure') then true
            else told.prompt_tokens_details is not null or told.input_tokens_details is not null
                or told.prompt_token_details is not null or told.inputTokensDetails is not null
        end as told_says_cache,
        case
            when not told_usage then false
            else told.completion_tokens_details is not null
                or told.output_tokens_details is not null
                or told.completion_token_details is not null or told.outputTokensDetails is not null
        end as told_says_reasoning
    from named

),

typed as not materialized (

    select
        *,
        try_cast(said_input as bigint) as count_input,
        try_cast(said_cached as bigint) as count_cached,
        try_cast(said_write as bigint) as count_write,
        try_cast(said_write_5m as bigint) as count_write_5m,
        try_cast(said_write_1h as bigint) as count_write_1h,
        try_cast(said_output as bigint) as count_output,
        try_cast(said_reasoning as bigint) as count_reasoning,
        try_cast(said_total as bigint) as count_total,
        try_cast(said_tool_input as bigint) as count_tool_input,
        try_cast(said_input_audio as bigint) as count_input_audio,
        try_cast(said_cached_audio as bigint) as count_cached_audio,
        try_cast(said_output_audio as bigint) as count_output_audio,
        try_cast(said_web_search as bigint) as count_web_search,
        try_cast(said_code_execution as bigint) as count_code_execution,
        try_cast(said_image as bigint) as count_image,
        try_cast(said_search_unit as bigint) as count_search_unit,
        try_cast(said_image_token as bigint) as count_image_token,
        try_cast(said_audio_second as decimal(18, 6)) as count_audio_second,
        try_cast(said_provider_cost as decimal(38, 12)) as count_provider_cost
    from asked

),

/* try_cast alone reads '12.7' as 13 and '0x10' as 16: a count must come back as it was written,
   '12.0' apart. All counts are tested at once; which one is at fault is looked for only then. */
checked as not materialized (

    select
        *,
        case
            when cast(count_input as varchar) is not distinct from said_input
                and cast(count_cached as varchar) is not distinct from said_cached
                and cast(count_write as varchar) is not distinct from said_write
                and cast(count_write_5m as varchar) is not distinct from said_write_5m
                and cast(count_write_1h as varchar) is not distinct from said_write_1h
                and cast(count_output as varchar) is not distinct from said_output
                and cast(count_reasoning as varchar) is not distinct from said_reasoning
                and cast(count_total as varchar) is not distinct from said_total
                and cast(count_tool_input as varchar) is not distinct from said_tool_input
                and cast(count_input_audio as varchar) is not distinct from said_input_audio
                and cast(count_cached_audio as varchar) is not distinct from said_cached_audio
                and cast(count_output_audio as varchar) is not distinct from said_output_audio
                and cast(count_web_search as varchar) is not distinct from said_web_search
                and cast(count_code_execution as varchar) is not distinct from said_code_execution
                and cast(count_image as varchar) is not distinct from said_image
                and cast(count_search_unit as varchar) is not distinct from said_search_unit
                and cast(count_image_token as varchar) is not distinct from said_image_token
                and coalesce(least(
                    count_input, count_cached, count_write, count_write_5m, count_write_1h,
                    count_output, count_reasoning, count_total, count_tool_input,
                    count_input_audio, count_cached_audio, count_output_audio, count_web_search,
                    count_code_execution, count_image, count_search_unit, count_image_token
                ) >= 0, true)
                and coalesce(greatest(
                    count_input, count_cached, count_write, count_write_5m, count_write_1h,
                    count_output, count_reasoning, count_total, count_tool_input,
                    count_input_audio, count_cached_audio, count_output_audio, count_web_search,
                    count_code_execution, count_image, count_search_unit, count_image_token
                ) <= 2000000000, true)
                then null
            else list_filter(list_transform(
                [
                    ['input_tokens', said_input],
                    ['cached_input_tokens', said_cached],
                    ['cache_write_tokens', said_write],
                    ['cache_write_5m_tokens', said_write_5m],
                    ['cache_write_1h_tokens', said_write_1h],
                    ['output_tokens', said_output],
                    ['reasoning_tokens', said_reasoning],
                    ['total_tokens', said_total],
                    ['tool_use_input_tokens', said_tool_input],
                    ['input_audio_tokens', said_input_audio],
                    ['cached_input_audio_tokens', said_cached_audio],
                    ['output_audio_tokens', said_output_audio],
                    ['web_search_requests', said_web_search],
                    ['code_execution_sessions', said_code_execution],
                    ['images', said_image],
                    ['search_units', said_search_unit],
                    ['image_tokens', said_image_token]
                ],
                lambda pair: case
                    when pair[2] is null then null
                    when not coalesce(pair[2] in (
                        cast(try_cast(pair[2] as bigint) as varchar),
                        cast(try_cast(pair[2] as bigint) as varchar) || '.0'
                    ), false) then 'wrong_type|' || pair[1]
                    when try_cast(pair[2] as bigint) < 0 then 'negative_count|' || pair[1]
                    when try_cast(pair[2] as bigint) > 2000000000
                        then 'absurd_count|' || pair[1]
                end
            ), lambda fault: fault is not null)[1]
        end as told_fault,
        coalesce(count_write_5m, 0) + coalesce(count_write_1h, 0) as told_split,
        lower(coalesce(outcome, 'success')) as told_outcome,
        coalesce(
            (lower(operation) in ('embeddings', 'embedding', 'rerank')
                or lower(operation) in ('moderation', 'cache_create')),
            false
        ) or contains(told_model, 'embed') or contains(told_model, 'rerank') as told_outputless
    from typed

),

-- Cache writes as one figure, and what has to be compared with the total.
weighed as not materialized (

    select
        *,
        case
            -- a split of nothing beside a positive sum is no split at all
            when coalesce(count_write_5m, count_write_1h) is not null
                and (told_split > 0 or coalesce(count_write, 0) = 0) then told_split
            else count_write
        end as told_write,
        coalesce(count_write, 0) > 0 and told_split = 0 as told_is_unsplit,
        coalesce(count_input, 0) + coalesce(count_output, 0) as told_in_out,
        coalesce(count_cached, 0) + case
            when told_split > 0 then told_split else coalesce(count_write, 0)
        end as told_beside
    from checked

),

/* Cache counts lie inside the input (OpenAI, Gemini, our flat fields) or beside it (Anthropic,
   Bedrock Converse, Cohere). Where an object states a total, the total decides. */
placed as not materialized (

    select
        *,
        case
            when told_dialect in ('anthropic', 'bedrock_converse')
                then not (
                    told_beside > 0
                    and told_beside <= coalesce(count_input, 0)
                    and coalesce(count_total = told_in_out, false)
                    and not contains(told_provider, 'bedrock')
                    and not contains(told_provider, 'aws')
                )
            when told_dialect = 'cohere' then true
            -- a tool that restated the counts may have left cache counts out of the input
            when usage_dialect is not null and not told_usage and told_beside > count_input
                then true
            when told_usage or usage_dialect is not null
                then told_beside > 0 and coalesce(count_total = told_in_out + told_beside, false)
            else false
        end as told_is_beside
    from weighed

),

balanced as not materialized (

    select
        *,
        case
            when told_dialect = 'total_only' or told_dialect = 'gemini' and count_input is null
                then case when told_outputless then count_total end
            when not told_usage and count_input is null and told_outputless then count_total
            when told_is_beside then count_input + coalesce(count_tool_input, 0)
            when told_beside <= count_input
                then count_input - told_beside + coalesce(count_tool_input, 0)
            -- seen at OpenRouter: the same tokens read and written, and charged for both
            when contains(told_provider, 'openrouter')
                and greatest(coalesce(count_cached, 0), coalesce(told_write, 0)) <= count_input
                then count_input - greatest(coalesce(count_cached, 0), coalesce(told_write, 0))
        end as told_uncached,
        case
            when told_dialect in ('gemini', 'gemini_interactions') then case
                when coalesce(count_input, count_output) is not null
                    -- Gemini leaves out a count of 0
                    then coalesce(count_output, 0) + coalesce(count_reasoning, 0)
            end
            -- the OpenAI-compatible endpoint shows thinking in the total only
            when told_dialect = 'gemini_openai' and count_total >= told_in_out
                then count_total - count_input
            when count_output is null then case
                when told_dialect = 'openai_embeddings'
                    or told_usage and count_total = count_input then 0
            end
            -- xAI and its like count reasoning beside the completion; only the total shows it
            when (told_usage or usage_dialect is not null)
                and count_reasoning > 0
                and count_total = told_in_out + count_reasoning
                then count_output + count_reasoning
            else count_output
        end as told_output,
        case
            when count_total is null or count_input is null then true
            when told_dialect in ('gemini', 'gemini_interactions')
                then count_total = told_in_out
                    + coalesce(count_reasoning, 0) + coalesce(count_tool_input, 0)
            when told_dialect = 'gemini_openai' then count_total >= told_in_out
            when count_total = told_in_out then true
            when count_output is null and told_dialect <> 'openai_embeddings'
                then count_total >= count_input
            when told_usage or usage_dialect is not null
                then count_total in (
                    told_in_out + coalesce(count_reasoning, 0), told_in_out + told_beside
                )
            else false
        end as told_total_agrees,
        coalesce(
            count_input, count_cached, count_write, count_write_5m, count_write_1h, count_output,
            count_reasoning, count_total, count_web_search, count_code_execution, count_image,
            count_search_unit, count_image_token
        ) is null and count_audio_second is null as told_nothing
    from placed

),

classed as not materialized (

    select
        *,
        case
            when told_dialect in ('gemini', 'gemini_interactions') and told_output is not null
                then coalesce(count_reasoning, 0)
            when told_dialect = 'gemini_openai' and count_reasoning is null
                then case
                    when count_total > told_in_out then count_total - told_in_out
                    when told_says_reasoning then 0
                end
            when count_reasoning > told_output then null
            when count_reasoning is null and told_says_reasoning then 0
            else count_reasoning
        end as told_reasoning,
        case
            when count_cached is not null or told_nothing then count_cached
            when told_dialect in (
                'anthropic', 'bedrock_converse', 'gemini', 'gemini_interactions'
            ) and count_input is not null then 0
            when told_says_cache and told_dialect in (
                'openai_chat', 'openai_responses', 'openai_embeddings'
            ) then 0
        end as told_cache_read,
        case
            when told_write is not null and told_is_unsplit then told_write
            when coalesce(count_write_5m, count_write_1h) is not null
                then case
                    when told_usage then coalesce(count_write_5m, 0) else count_write_5m
                end
            when told_write is not null then told_write
            when told_dialect in ('anthropic', 'bedrock_converse') and count_input is not null
                then 0
            when told_says_cache and told_dialect in ('openai_chat', 'openai_responses') then 0
        end as told_write_5m,
        case
            when told_is_unsplit then null
            when coalesce(count_write_5m, count_write_1h) is not null
                then case
                    when told_usage then coalesce(count_write_1h, 0) else count_write_1h
                end
            when told_dialect in ('anthropic', 'bedrock_converse') and count_input is not null
                then 0
        end as told_write_1h,
        -- least() would pass over a NULL
        case when count_input_audio is not null and told_uncached is not null then least(
            greatest(count_input_audio - coalesce(count_cached_audio, 0), 0), told_uncached
        ) end as told_input_audio,
        told_is_unsplit and (
            contains(told_model, 'claude') or contains(told_model, 'anthropic')
            or contains(told_provider, 'anthropic')
        ) or coalesce(count_image_token, 0) > 0 or lower(usage_status) = 'estimated'
            as told_is_estimated,
        lower(usage_status) = 'partial' or coalesce(count_reasoning > told_output, false)
        or coalesce(
            count_input, count_output, count_total, count_reasoning, count_cached
        ) is not null and (
            told_uncached is null or told_output is null and not told_outputless
            and told_dialect not in ('cohere', 'bedrock_titan')
        ) or told_outcome = 'aborted' and lower(coalesce(is_final, 'false')) <> 'true'
            as told_is_partial
    from balanced

),

judged as not materialized (

    select
        *,
        case
            when told_dialect = 'unreadable' then 'wrong_type|usage'
            when told_fault is not null then told_fault
            when said_audio_second is not null and count_audio_second is null
                then 'wrong_type|audio_seconds'
            when count_audio_second < 0 then 'negative_count|audio_seconds'
            when count_audio_second > 2000000000 then 'absurd_count|audio_seconds'
            when said_provider_cost is not null and count_provider_cost is null
                then 'wrong_type|provider_cost_usd'
            when count_provider_cost < 0 then 'negative_count|provider_cost_usd'
            when not told_total_agrees then 'contradictory_buckets|total_tokens'
            when told_uncached is null and count_input is not null
                then 'contradictory_buckets|cached_input_tokens'
            when told_split > 0 and count_write is not null and count_write <> told_split
                then 'contradictory_buckets|cache_write_tokens'
            when told_nothing
                and told_outcome = 'success'
                -- a stated outcome is believed over the status beside it
                and (outcome is not null or coalesce(try_cast(http_status as bigint), 200) < 400)
                and lower(coalesce(cache_hit, 'false')) not in ('true', '1')
                and coalesce(told.trafficType, told.traffic_type) is null
                and coalesce(lower(usage_status), '') not in ('missing', 'partial', 'estimated')
                then 'missing_usage|usage'
        end as told_problem
    from classed

),

final as (

    select
        columns(lambda name: not (
            name = 'told' or starts_with(name, 'told_') or starts_with(name, 'said_')
            or starts_with(name, 'count_')
        )),
        case
            when told_dialect = 'flat' then coalesce(lower(usage_dialect), 'flat')
            else told_dialect
        end as dialect,
        told_uncached + coalesce(count_image_token, 0) as normalised_uncached_input_tokens,
        told_cache_read as normalised_cache_read_tokens,
        told_write_5m as normalised_cache_write_5m_tokens,
        told_write_1h as normalised_cache_write_1h_tokens,
        told_output as normalised_output_tokens,
        told_reasoning as normalised_reasoning_tokens,
        told_input_audio as normalised_input_audio_tokens,
        case when count_cached_audio is not null and told_cache_read is not null
            then least(count_cached_audio, told_cache_read)
        end as normalised_cache_read_audio_tokens,
        case when count_output_audio is not null and told_output is not null
            then least(count_output_audio, told_output)
        end as normalised_output_audio_tokens,
        case
            when count_web_search is null and told_dialect = 'anthropic' and not told_nothing
                then 0
            else count_web_search
        end as normalised_web_search_requests,
        count_code_execution as normalised_code_execution_sessions,
        count_image as normalised_image_count,
        count_search_unit as normalised_search_units,
        count_audio_second as normalised_audio_seconds,
        count_provider_cost as normalised_provider_cost_usd,
        -- 'auto' is a wish, not a tier; a tier nobody names stays unknown
        case
            when said_tier is null then case when lower(is_batch) = 'true' then 'batch' end
            else case lower(said_tier)
                when 'default' then
                    case when lower(is_batch) = 'true' then 'batch' else 'standard' end
                when 'standard' then
                    case when lower(is_batch) = 'true' then 'batch' else 'standard' end
                when 'on_demand' then 'standard'
                when '1' then 'standard'
                when '2' then 'provisioned_throughput'
                when 'on_demand_priority' then 'priority'
                when 'on_demand_flex' then 'flex'
                when 'on_demand_offpeak' then 'offpeak'
                when 'fast' then 'priority'
                when 'auto' then null
                when 'not_available' then null
                when 'unspecified' then null
                when 'traffic_type_unspecified' then null
                when '' then null
                else lower(said_tier)
            end
        end as billed_service_tier,
        nullif(lower(said_speed), '') as billed_speed,
        nullif(nullif(lower(said_geo), 'not_available'), '') as billed_geo,
        case
            when told_nothing then 'missing'
            when told_is_partial then 'partial'
            when told_is_estimated then 'estimated'
            else 'reported'
        end as normalised_usage_status,
        split_part(told_problem, '|', 1) as usage_problem,
        split_part(told_problem, '|', 2) as usage_problem_field
    from judged

)

select * from final
