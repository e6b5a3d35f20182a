-- The ledger: who was asked, who answered, what was certified. Ids, counts, times and digests
-- only; no table here has a column for a name, an address or a content.

-- Whole records as they were read, with their proof: what receipts are shown with later.
create table evidence (
    record_id bytea       primary key,
    topic     text        not null,
    partition integer     not null,
    "offset"  bigint      not null,
    value     bytea       not null,
    headers   bytea       not null,  -- packed by shared/database/headers.py
    stored_at timestamptz not null default now()
);
-- Compressing costs more than it saves, and a byte search must see what is here.
alter table evidence alter column value set storage external;
comment on table evidence is 'append-only';

-- When a request's record was sent again last: once a day is enough for all of its requests.
create table sent_again (
    record_id bytea primary key,
    sent_on   date  not null
);

-- Versions of the register of participants.
create table register (
    version      bigint      primary key,
    participants text[]      not null,
    published_at timestamptz not null
);
comment on table register is 'append-only';

create table saga (
    request_id        uuid        primary key,
    line_sha256       bytea       not null,
    record_id         bytea       not null,
    partition         integer     not null,
    "offset"          bigint      not null,
    line              integer     not null,
    origin            text        not null,
    scope             text[],                -- null is everything
    participants      text[]      not null,
    register_version  bigint      not null,
    cutoff            timestamptz not null,
    received_at       timestamptz not null,
    due_at            timestamptz not null,
    identity          text        not null,
    person_commitment bytea       not null
);
comment on table saga is 'append-only';

-- Sagas without a certificate: small, and all that changes. A row goes with its certificate.
create table open_saga (
    request_id       uuid        primary key,
    register_version bigint      not null,  -- of our register, that the saga was held against; 0: not yet
    ready            boolean     not null default false,
    due_at           timestamptz not null,
    remind_at        timestamptz not null,
    reminders        integer     not null default 0,
    overdue_at       timestamptz
);
create index on open_saga (request_id) where ready;
create index on open_saga (remind_at);
create index on open_saga (due_at) where overdue_at is null;

create table saga_extension (
    request_id       uuid    not null,
    register_version bigint  not null,
    participants     text[]  not null,
    line_sha256      bytea   not null,
    record_id        bytea   not null,
    line             integer not null,
    primary key (request_id, register_version)
);
comment on table saga_extension is 'append-only';

-- What a participant answered: the first line of (request, service, attempt) wins for ever.
create table saga_receipt (
    request_id  uuid        not null,
    service     text        not null,
    attempt     bigint      not null,
    receipt_id  uuid        not null,
    line_sha256 bytea       not null,
    record_id   bytea       not null,
    partition   integer     not null,
    "offset"    bigint      not null,
    line        integer     not null,
    outcome     text        not null,
    rows        jsonb       not null,
    held        jsonb       not null,
    covered_until timestamptz not null,
    erased_at   timestamptz not null,
    primary key (request_id, service, attempt)
);
comment on table saga_receipt is 'append-only';

-- What its verifier found for exactly that line.
create table saga_read_back (
    request_id     uuid        not null,
    service        text        not null,
    attempt        bigint      not null,
    receipt_sha256 bytea       not null,
    line_sha256    bytea       not null,
    record_id      bytea       not null,
    partition      integer     not null,
    "offset"       bigint      not null,
    line           integer     not null,
    remaining      bigint      not null,
    method         text        not null,
    key_id         text        not null,
    verified_at    timestamptz not null,
    primary key (request_id, service, attempt, receipt_sha256)
);
comment on table saga_read_back is 'append-only';

-- A participant could not act: no receipt, the saga stays open, a person looks.
create table saga_failure (
    request_id uuid        not null,
    service    text        not null,
    error      text        not null,  -- the name of an error class of ours
    failed_at  timestamptz not null,
    primary key (request_id, service)
);

-- The envelope is empty only when a restored database learns from the topic that it had certified.
create table certificate (
    request_id   uuid        primary key,
    sha256       bytea       not null,
    envelope     bytea,
    outcome      text        not null,
    certified_at timestamptz not null
);
alter table certificate alter column envelope set storage external;
-- An envelope of a few services stays in its row: cut into chunks it costs twice the writing.
alter table certificate set (toast_tuple_target = 8160);

-- The origin forgot what the request was about: the last word of a saga.
create table saga_end (
    request_id uuid        primary key,
    count      bigint      not null,
    remaining  bigint      not null,
    ended_at   timestamptz not null
);
comment on table saga_end is 'append-only';

-- Evidence of consent without the person: the link to one is in the slice and dies there.
create table consent_evidence (
    consent_id        uuid        primary key,
    purpose           text        not null,
    wording           text,
    wording_version   bigint,
    wording_sha256    bytea,
    language          text,
    form              text,
    method            text,
    granted_at        timestamptz,
    granted_record    bytea,
    withdrawn_method  text,
    withdrawn_at      timestamptz,
    withdrawn_record  bytea
);
