-- Requests that began here. What they are about stands in alias alone; of a request only random
-- ids and times are kept, and they end after REQUEST_TTL.
create table request (
    request_id         uuid        primary key,
    scope              text[],               -- null: everything
    participants       text[]      not null, -- frozen from the register's version
    extended           text[]      not null default '{}',
    register_version   bigint      not null,
    language           text        not null,
    received_at        timestamptz not null,
    cutoff             timestamptz not null, -- when identity was checked
    due_at             timestamptz not null,
    statement          bytea,                -- erasure-requested as sent, with its proof, as JSON
    certified_at       timestamptz,
    certificate_sha256 bytea,
    mails_settled_at   timestamptz,          -- the certificate was accepted, given up or not wanted
    destroyed_at       timestamptz,
    overdue_at         timestamptz
);
create index on request (certified_at) where destroyed_at is null;

-- How far each slice is, by its latest receipt and what its verifier found of exactly that one.
create table slice_answer (
    request_id     uuid        not null references request on delete cascade,
    service        text        not null,
    attempt        integer     not null,
    receipt_sha256 bytea       not null,
    outcome        text        not null,
    answered_at    timestamptz not null,
    remaining      bigint,               -- null: not read back yet
    verified_at    timestamptz,
    primary key (request_id, service)
) with (fillfactor = 50);  -- each row is written again when its verifier has looked

-- The other half of a request's person commitment; leaves with the certificate and ends here.
create table nonce (
    request_id uuid  primary key references request on delete cascade,
    nonce      bytea not null
);
alter table nonce
    alter column nonce set statistics 0,
    alter column nonce set storage external;

-- Links to a request's status page: only digests; each mail has its own.
create table status_link (
    status_sha256 bytea primary key,
    request_id    uuid  not null references request on delete cascade
);
create index on status_link (request_id);

-- Who must answer, as far as this origin has read.
create table register (
    version      bigint primary key,
    participants text[] not null
);
