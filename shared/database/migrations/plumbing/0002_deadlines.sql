-- What falls due, as rows: a clock task takes them, a test moves them.
create table deadline (
    deadline_id uuid        primary key,
    subject_id  uuid,
    kind        text        not null,
    due_at      timestamptz not null,
    payload     jsonb       not null default '{}'  -- ids and counts only
);
create unique index deadline_of_subject on deadline (subject_id, kind) where subject_id is not null;
create index on deadline (due_at);

-- A service without subjects restricts nobody.
create function is_restricted(uuid) returns boolean
    language sql stable as 'select false';

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
