-- What this verifier has heard and not yet answered. Ids only: addresses are asked for and
-- forgotten within one look.
create table asked (
    request_id uuid        primary key,
    origin     text        not null,
    cutoff     timestamptz not null
);

create table looking (
    receipt_id     uuid        not null,
    attempt        integer     not null,
    request_id     uuid,
    receipt_sha256 bytea       not null,
    closed_count   bigint      not null,
    closed_root    bytea       not null,
    covered_until  timestamptz not null,
    tries          integer     not null default 0,
    next_try_at    timestamptz not null,
    reason         text,                  -- why it was put off
    primary key (receipt_id, attempt)
);
create index on looking (next_try_at);

create table closed (
    receipt_id  uuid    not null,
    attempt     integer not null,
    number      integer not null,
    subject_ids uuid[]  not null,
    primary key (receipt_id, attempt, number)
);
