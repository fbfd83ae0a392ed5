/*
    quiet_means: grain pair, hour_number, from the 10-minute request rates of real clients: each
    pair takes one of the clients that fit the track, its two weeks over and over, scaled to the
    pair's size, with fresh noise. The same two weeks again flatter whatever is seasonal.
*/
create or replace table quiet_means as
with

hourly as (

    select
        concat(model, '/', client) as client,
        t_s // 3600 as hour_number,
        sum(rate_rps) * 600 as calls
    from client_rates
    where category = 'language' and t_s < 1209600
    group by all

),

clients as (

    select
        client,
        sum(calls) / 336 as mean_calls,
        count(*) filter (where calls > 0) / 336 as active_share,
        sqrt(greatest(sum(calls * calls) / 336 - pow(sum(calls) / 336, 2), 0))
        / (sum(calls) / 336) as variation
    from hourly
    group by client
    having sum(calls) > 0

),

chosen as (

    select
        client,
        mean_calls,
        row_number() over (order by client) - 1 as number,
        count(*) over () as client_count
    from clients
    where is_client(active_share, variation)

),

placed as (

    select
        pairs.*,
        chosen.client,
        chosen.mean_calls
    from pairs
    inner join chosen
        on chosen.number = drawn(seed, 'client', pair) % chosen.client_count

),

-- one row per pair and hour, so that the rates can be joined to it
hours as (

    select
        placed.*,
        hour_number
    from placed
    cross join track
    cross join range(0, 2000) as numbers(hour_number)
    where
        hour_number < track.weeks * 168
        and hour_number >= placed.first_hour
        and hour_number < placed.end_hour

)

select
    hours.pair,
    hours.hour_number,
    hours.rate * coalesce(hourly.calls, 0) / hours.mean_calls
    * exp(0.15 * normal(seed, 'real hour', hours.pair, hours.hour_number)) as quiet_mean
from hours
left join hourly
    on hours.client = hourly.client and hours.hour_number % 336 = hourly.hour_number;
