-- People who work with this slice alone: clerks, organisers, editors. A name is no address, so that
-- nobody's relationship is mistaken for it.
create table staff (
    staff_id     uuid        primary key,
    name         text        not null unique check (name ~ '^[a-z][a-z0-9-]{1,30}$'),
    password     text        not null,   -- argon2id
    totp_secret  bytea       not null,
    last_step    bigint      not null default 0,   -- of the code used last: each works once
    failures     integer     not null default 0,
    locked_until timestamptz,
    added_at     timestamptz not null
);
create table staff_session (
    session_sha256 bytea       primary key,
    staff_id       uuid        not null references staff on delete cascade,
    seen_at        timestamptz not null,
    ends_at        timestamptz not null
);
create index on staff_session (staff_id);
create index on staff_session (ends_at);
alter table staff
    alter column name        set statistics 0,
    alter column name        set storage external,
    alter column password    set statistics 0,
    alter column password    set storage external,
    alter column totp_secret set statistics 0,
    alter column totp_secret set storage external;
alter table staff_session
    alter column session_sha256 set statistics 0,
    alter column session_sha256 set storage external;
