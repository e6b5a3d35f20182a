-- What the installation found when it checked itself: the evidence of R-SEC-01. It names nobody.
create table self_check (
    check_id uuid        primary key,
    name     text        not null,
    began_at timestamptz not null,
    ended_at timestamptz not null,
    passed   boolean     not null,
    found    jsonb       not null
);
create index on self_check (name, ended_at desc);
comment on table self_check is 'append-only';
