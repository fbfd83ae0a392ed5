/*
    Grain: one log line. `$rows` lines; every value is a hash of the line's number.

    One line in 100 repeats an earlier line letter by letter, up to half a million lines back; one
    in 1,000 is bad, in five ways by turns. Seven calls in ten state flat counts, the others carry
    the usage object of their provider. Calls of 14 days stand in no order, as they do when many
    hosts write: every chunk has rows of every day.
*/
copy (
    with

    lines as (

        select
            case
                when line_number % 100 = 99
                    then line_number - 1
                    - 100 * (hash(line_number, 1) % (1 + least(4999, line_number // 100)))
                else line_number
            end as i,
            case when line_number % 1000 = 500 then line_number // 1000 % 5 end as fault
        from range($rows) as numbers(line_number)

    ),

    drawn as (

        select
            i,
            fault,
            hash(i, 2) % 10 as dialect,
            hash(i, 3) % 60 as tenant,
            hash(i, 4) % 12 as feature,
            100 + hash(i, 5) % 8000 as input,
            hash(i, 6) % 4 * (10 + hash(i, 5) % 8000 // 10) as cached,
            20 + hash(i, 7) % 900 as output,
            hash(i, 8) % 20 as reasoning,
            make_timestamp(1793491200000000 + cast(hash(i, 9) % 1209600000000 as bigint))
                as started_at,
            md5(cast(i as varchar)) as id,
            md5(concat('trace', i // 3)) as trace
        from lines

    ),

    said as (

        select
            *,
            case when fault = 3 then -input::bigint else input end as said_input
        from drawn

    ),

    usages as (

        select
            *,
            case
                when dialect < 7 then concat(
                    '"input_tokens":', said_input,
                    ',"cached_input_tokens":', cached,
                    ',"output_tokens":', output,
                    ',"reasoning_tokens":', reasoning
                )
                when dialect = 7 then concat(
                    '"usage":{"prompt_tokens":', said_input,
                    ',"completion_tokens":', output, ',"total_tokens":', input + output,
                    ',"prompt_tokens_details":{"cached_tokens":', cached,
                    ',"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":',
                    reasoning, ',"audio_tokens":0}}'
                )
                when dialect = 8 then concat(
                    '"usage":{"input_tokens":', said_input,
                    ',"cache_creation_input_tokens":', cached // 2,
                    ',"cache_read_input_tokens":', cached,
                    ',"cache_creation":{"ephemeral_5m_input_tokens":', cached // 2,
                    ',"ephemeral_1h_input_tokens":0},"output_tokens":', output,
                    ',"service_tier":"standard"}'
                )
                else concat(
                    '"usage":{"promptTokenCount":', said_input,
                    ',"cachedContentTokenCount":', cached,
                    ',"candidatesTokenCount":', output, ',"thoughtsTokenCount":', reasoning,
                    ',"totalTokenCount":', input + output + reasoning, '}'
                )
            end as usage,
            case
                when dialect < 8 then 'openai","model":"gpt-5-mini'
                when dialect = 8 then 'anthropic","model":"claude-haiku-4-5'
                else 'google","model":"gemini-2.5-flash'
            end as provider
        from said

    ),

    written as (

        select
            fault,
            concat(
                '{"timestamp":"',
                case
                    when fault = 2 then 'yesterday'
                    else strftime(started_at, '%Y-%m-%dT%H:%M:%S.%fZ')
                end,
                '","event_id":"ev-', left(id, 24),
                '","request_id":"req_', right(id, 16),
                '","operation_id":"op-', left(trace, 16),
                '","attempt":1,"trace_id":"', trace,
                '","session_id":"s-', hash(i, 10) % 100000,
                '","tenant_id":"tenant-', lpad(cast(tenant as varchar), 3, '0'),
                '","user_id":"user-', hash(i, 11) % 5000,
                '","feature":"feature-', feature,
                '","workload_class":"realtime","prompt_version":"v', hash(i, 12) % 5,
                case when fault = 1 then '"' else concat('","provider":"', provider, '"') end,
                ',"is_streamed":', case when hash(i, 13) % 2 = 0 then 'true' else 'false' end,
                ',"outcome":"', case when fault = 4 then 'perfect' else 'success' end,
                '","http_status":200,"latency_ms":', 200 + hash(i, 14) % 9000,
                ',"time_to_first_token_ms":', 50 + hash(i, 15) % 150,
                ',"cost_usd":0.00', 1000 + hash(i, 16) % 9000, ',',
                usage, '}'
            ) as line
        from usages

    )

    select case when fault = 0 then left(line, 200) else line end as line
    from written

) to '$file' (
    format csv, header false, delimiter '$no_delimiter', quote '$no_quote', escape '$no_quote'
)
