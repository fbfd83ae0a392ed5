-- Draws are hashes of what they are for (seed, purpose, place, moment): the same seed makes the same
-- organisation, and an incident changes nothing but what it strikes.
-- hash() of several values only combines their bits by xor: draws of two places at one moment would
-- depend on each other. Hashing the hash tears them apart.
create or replace macro drawn(seed, purpose, place, moment := 0) as
    hash(hash(seed, purpose, place, moment));

create or replace macro uniform(seed, purpose, place, moment := 0) as
    (drawn(seed, purpose, place, moment) + 0.5) / 18446744073709551616.0;

create or replace macro between_two(seed, purpose, place, low, high) as
    low + (high - low) * uniform(seed, purpose, place);

-- Box and Muller's, from the two halves of one hash.
create or replace macro normal_of(bits) as
    sqrt(-2 * ln(((bits >> 32) + 0.5) / 4294967296.0))
    * cos(2 * pi() * ((bits & 4294967295) + 0.5) / 4294967296.0);

create or replace macro normal(seed, purpose, place, moment := 0) as
    normal_of(drawn(seed, purpose, place, moment));

-- Variance-stabilised stand-in for a Poisson draw: exact in mean and variance to a few percent.
create or replace macro counted(mean, z) as
    cast(greatest(0, round(pow(sqrt(greatest(mean, 0)) + z / 2, 2)
        - case when mean > 4 then 0.25 else 0 end)) as bigint);

-- One draw in ten is three times as far off: what real hours are like.
create or replace macro heavy(seed, purpose, place, moment := 0) as
    normal(seed, purpose, place, moment)
    * case when uniform(seed, concat(purpose, ' tail'), place, moment) < 0.1 then 3 else 1 end;
