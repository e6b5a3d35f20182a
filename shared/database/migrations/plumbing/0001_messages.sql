-- What a service has to say and has heard: every effect and its messages commit together.
create table outbox (
    id        bigint generated always as identity primary key,
    topic     text    not null,  -- the bare name; the relay puts the namespace in front
    partition integer not null,
    key       bytea,
    value     bytea   not null,
    headers   bytea   not null   -- packed by shared/database/headers.py
);

-- Gone as soon as it was sent: compressing it costs more than it saves.
alter table outbox alter column value set storage external;

create table consumer_cursor (
    topic       text        not null,
    partition   integer     not null,
    cluster_id  text        not null,
    topic_id    text        not null,
    next_offset bigint      not null,
    updated_at  timestamptz not null default now(),
    primary key (topic, partition)
);

-- A record id enters only after its signature held; days are dropped whole.
create table inbox (
    record_id bytea not null,
    seen_on   date  not null default (now() at time zone 'utc')::date,
    primary key (record_id, seen_on)
) partition by range (seen_on);

-- Days from the oldest kept one to `ahead` days from today; older ones are dropped.
-- Security definer: the worker may turn the days, and nothing else about the schema.
create function turn_inbox(ahead integer, keep integer) returns void
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    today date := (now() at time zone 'utc')::date;
    day   date;
    name  text;
begin
    if ahead not between 1 and 60 or keep not between 1 and 400 then
        raise exception 'ahead is 1 to 60 days, keep 1 to 400';
    end if;
    for day in select d::date from generate_series(today - 1, today + ahead, interval '1 day') d loop
        name := 'inbox_' || to_char(day, 'YYYYMMDD');
        if to_regclass(name) is null then
            execute format('create table %I partition of inbox for values from (%L) to (%L)',
                           name, day, day + 1);
        end if;
    end loop;
    for name in
        select c.relname
          from pg_catalog.pg_inherits i
          join pg_catalog.pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'inbox'::regclass
           and c.relname < 'inbox_' || to_char(today - keep, 'YYYYMMDD')
    loop
        execute format('drop table %I', name);
    end loop;
end
$$;

-- A line that failed, with the whole record as proof; never the text of an error.
create table parked (
    parked_id    uuid        primary key,
    topic        text        not null,
    partition    integer     not null,
    "offset"     bigint      not null,
    line         integer     not null,
    record_key   bytea,
    record_value bytea       not null,
    headers      bytea       not null,
    about_id     text        not null,  -- the message's subject: request, consent, batch
    error        text        not null,  -- a class name
    parked_at    timestamptz not null default now(),
    release_asked_at timestamptz,       -- the worker releases: it knows the reactions
    released_at  timestamptz,
    unique (topic, partition, "offset", line)
);
create index on parked (about_id) where released_at is null;
create index on parked (topic, partition, "offset", line) where released_at is null;

-- What failed before signer and signature were proven.
create table quarantine (
    topic     text        not null,
    partition integer     not null,
    "offset"  bigint      not null,
    key       bytea,
    value     bytea       not null,
    headers   bytea       not null,
    error     text        not null,
    seen_at   timestamptz not null default now(),
    primary key (topic, partition, "offset")
);

-- A request whose claim check found no answer yet; the partition goes on.
create table waiting (
    request_id  uuid        primary key,
    message     bytea       not null,
    origin      text        not null,
    cutoff      timestamptz not null,
    tries       integer     not null default 0,
    next_try_at timestamptz not null default now(),
    reason      text        not null,
    topic       text        not null,
    partition   integer     not null,
    "offset"    bigint      not null,
    line        integer     not null
);
create index on waiting (next_try_at);

create table lease (
    name  text        primary key,
    value bigint      not null,
    until timestamptz not null
);
