-- The outbox: one SQLite file. Instants are UTC text that sorts by time.

-- Grain: one row per state change a cycle has decided on, with what became of it.
create table if not exists changes (
    state_change_id text primary key,
    dedup_key text not null,
    incident_id text not null,
    event text not null,
    fate text not null,
    content text not null,
    decided_at text not null
);

-- Grain: one row per message for one route; its key is what the receiver tells repeats by.
create table if not exists deliveries (
    number integer primary key autoincrement,
    key text not null unique,
    route_id text not null,
    dedup_key text not null,
    kind text not null,
    event text not null,
    status text not null,
    held_by text not null,
    content text not null,
    sequence text not null,
    note text not null,
    lines text not null,
    channel text not null,
    target_env text not null,
    secret_env text not null,
    created_at text not null,
    due_at text not null,
    attempts integer not null default 0,
    is_in_flight integer not null default 0,
    is_refused integer not null default 0,
    retry_at text,
    delivered_at text,
    error text not null default ''
);

create index if not exists deliveries_of_incident on deliveries (dedup_key);

create index if not exists deliveries_waiting on deliveries (status);

-- Grain: one row per incident that was open and is not in the warehouse any more.
create table if not exists missing (
    dedup_key text primary key,
    since text not null
);

-- Grain: one row per fact about the outbox itself.
create table if not exists facts (
    name text primary key,
    value text not null
);
