-- Draws are hashes of what they are for (seed, purpose, place, moment): the same seed makes the same
-- organisation, and an incident changes nothing but what it strikes.
create or replace macro uniform(seed, purpose, place, moment := 0) as
    (hash(seed, purpose, place, moment) + 0.5) / 18446744073709551616.0;

create or replace macro between_two(seed, purpose, place, low, high) as
    low + (high - low) * uniform(seed, purpose, place);

-- Box and Muller's, from the two halves of one hash.
create or replace macro normal_of(drawn) as
    sqrt(-2 * ln(((drawn >> 32) + 0.5) / 4294967296.0))
    * cos(2 * pi() * ((drawn & 4294967295) + 0.5) / 4294967296.0);

create or replace macro normal(seed, purpose, place, moment := 0) as
    normal_of(hash(seed, purpose, place, moment));

-- Variance-stabilised stand-in for a Poisson draw: exact in mean and variance to a few percent.
create or replace macro counted(mean, z) as
    cast(greatest(0, round(pow(sqrt(greatest(mean, 0)) + z / 2, 2)
        - case when mean > 4 then 0.25 else 0 end)) as bigint);
