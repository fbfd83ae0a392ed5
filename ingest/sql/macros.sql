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
            -- the 64-bit cast is a hundred times cheaper and takes amounts under a million
            then coalesce(try_cast(text as decimal(18, 12)), try_cast(text as decimal(38, 12)))
    end;

create or replace macro exact_duration(text) as
    coalesce(exact_count(text), cast(round(exact_money(text)) as bigint));

-- An instant needs its zone. Epochs are told apart by size: seconds, milli-, micro-, nanoseconds.
-- Characters at fixed places are compared, not patterns: a pattern costs a hundred times as much.
create or replace macro exact_instant(text) as
    case
        when text[5] = '-' and text[8] = '-' and text[14] = ':' and text[11] in ('T', ' ') and (
            text[-1] in ('Z', 'z')
            or (
                text[-6] in ('+', '-') and text[-3] = ':' and strlen(text) > 21
                and is_zone_hour(text[-5], text[-4])
            )
            or (text[-5] in ('+', '-') and strlen(text) > 20 and is_zone_hour(text[-4], text[-3]))
            or (text[-3] in ('+', '-') and strlen(text) > 18 and is_zone_hour(text[-2], text[-1]))
        )
            then try_cast(text as timestamptz)
        when text[5] <> '-' and text[1] between '0' and '9' and strlen(text) >= 9
            then coalesce(
                instant_of_epoch(exact_count(text)),
                instant_of_fraction(try_cast(text as decimal(28, 6)))
            )
    end;

-- The cast takes +99:00, too; no place on earth is further than 14 hours from UTC.
create or replace macro is_zone_hour(tens, units) as
    tens = '0' or (tens = '1' and units <= '4');

create or replace macro instant_of_fraction(epoch) as
    make_timestamptz(try_cast(floor(
        case
            when epoch < 100000000000 then epoch * 1000000
            when epoch < 100000000000000 then epoch * 1000
        end
    ) as bigint));

create or replace macro instant_of_epoch(epoch) as
    make_timestamptz(
        case
            when epoch < 100000000000 then epoch * 1000000
            when epoch < 100000000000000 then epoch * 1000
            when epoch < 100000000000000000 then epoch
            else epoch // 1000
        end
    );
