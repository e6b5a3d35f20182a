-- What falls due, as rows: a clock task takes them, a test moves them.
create table deadline (
    deadline_id uuid        primary key,
    subject_id  uuid,
    kind        text        not null,
    due_at      timestamptz not null,
    payload     jsonb       not null default '{}',  -- ids and counts only
    failed_at   timestamptz                         -- its action failed: tried again later
);
create unique index deadline_of_subject on deadline (subject_id, kind) where subject_id is not null;
create index on deadline (kind, due_at);

-- A service without subjects restricts nobody.
create function is_restricted(uuid) returns boolean
    language sql stable as 'select false';

-- Take what is due off the table, oldest first; what another one is taking is left out.
create function take_due(a_kind text, at timestamptz, at_most integer)
    returns table (deadline_id uuid, subject_id uuid, kind text, due_at timestamptz, payload jsonb)
    language sql as $$
    delete from deadline d
     where d.deadline_id in (
           select c.deadline_id
             from deadline c
            where c.kind = a_kind
              and c.due_at <= at
              and (c.failed_at is null or c.failed_at <= at - interval '10 minutes')
            order by c.due_at
            limit at_most
              for update skip locked)
    returning d.deadline_id, d.subject_id, d.kind, d.due_at, d.payload
$$;

-- When the next deadline falls due, of these kinds and not waiting after a failure: the first row
-- of each kind by the index, in its order; what waits behind it is never looked at.
create function next_due(kinds text[], at timestamptz) returns timestamptz
    language sql stable
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_sort = off
    as $$
    select min(first.due_at)
      from unnest(kinds) as wanted (kind)
     cross join lateral (
           select d.due_at
             from deadline d
            where d.kind = wanted.kind
              and (d.failed_at is null or d.failed_at <= at - interval '10 minutes')
              and not is_restricted(d.subject_id)
            order by d.due_at
            limit 1) as first
$$;

-- Counters by address or network for at most a day; their keys are HMACs under a daily key.
-- Unlogged: a crash forgets them, and no write-ahead log keeps them.
create unlogged table daily_key (
    day date  primary key,
    key bytea not null
);

create unlogged table ephemeral (
    kind       text        not null,
    key        bytea       not null,
    bucket     timestamptz not null,
    count      bigint      not null,
    expires_at timestamptz not null,
    primary key (kind, key, bucket)
);
create index on ephemeral (expires_at);
alter table ephemeral
    alter column key set statistics 0,
    alter column key set storage external;
