-- Casts that accept only what survives them unchanged: try_cast alone reads '12.7' as 13.
-- No long `in` lists here or in what is put over a chunk: DuckDB turns them into joins, and a join
-- loses the order of lines.

create or replace macro exact_count(text) as
    case
        when cast(try_cast(text as bigint) as varchar) = text then try_cast(text as bigint)
        when ends_with(text, '.0') and length(text) > 2
            and cast(try_cast(text[:-3] as bigint) as varchar) = text[:-3]
            then try_cast(text[:-3] as bigint)
    end;

create or replace macro exact_flag(text) as
    case
        when text in ('true', 'True', 'TRUE', '1') then true
        when text in ('false', 'False', 'FALSE', '0') then false
    end;

-- Decimal casts refuse letters and hexadecimal but forgive blanks at either end.
create or replace macro exact_money(text) as
    case
        when (text[1] between '0' and '9' or text[1] = '-') and text[-1] between '0' and '9'
            then try_cast(text as decimal(38, 12))
    end;

create or replace macro exact_duration(text) as
    coalesce(exact_count(text), cast(round(exact_money(text)) as bigint));

-- An instant needs its zone. Epochs are told apart by size: seconds, milli-, micro-, nanoseconds.
create or replace macro exact_instant(text) as
    case
        when text[5] = '-' and text[8] = '-' and (
            (text[-1] = 'Z' and text[11] = 'T')
            or regexp_full_match(
                text,
                '\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)? ?(Z|z|[+-]\d\d(:?\d\d)?)'
            )
        )
            then try_cast(text as timestamptz)
        when regexp_full_match(text, '\d{9,19}(\.\d+)?')
            then to_timestamp_exact(cast(text as decimal(38, 9)))
    end;

create or replace macro to_timestamp_exact(epoch) as
    make_timestamptz(cast(floor(
        case
            when epoch < 100000000000 then epoch * 1000000
            when epoch < 100000000000000 then epoch * 1000
            when epoch < 100000000000000000 then epoch
            else epoch * 0.001
        end
    ) as bigint));
