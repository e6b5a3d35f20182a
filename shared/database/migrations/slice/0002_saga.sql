-- A participant's receipts: the bytes are decided once and sent again as they are. A record may
-- hold hundreds of them, so it is stored once.
create table receipt_record (
    record_id bytea   primary key,
    topic     text    not null,
    partition integer not null,
    value     bytea   not null,
    headers   bytea   not null   -- packed as in the outbox
);
comment on table receipt_record is 'append-only';
alter table receipt_record alter column value set storage external;  -- compressing costs more

create table receipt (
    receipt_id    uuid        not null,
    request_id    uuid,
    attempt       integer     not null default 0,
    record_id     bytea       not null references receipt_record,
    line          integer     not null,
    line_sha256   bytea       not null,
    erased_at     timestamptz not null,
    covered_until timestamptz not null,
    origin        text,         -- with cutoff: what erasing again needs; null where nobody asked
    cutoff        timestamptz,
    primary key (receipt_id, attempt),
    unique (request_id, attempt)
);
comment on table receipt is 'append-only';

-- Ids that a restored backup brought back and that were closed again while catching up:
-- slice-reerased says so once the receipt's later attempts are known.
create table reclosed (
    receipt_id uuid  not null,
    request_id uuid,
    subject_id uuid  not null,
    rows       jsonb not null,
    primary key (receipt_id, subject_id)
);

-- What a request is about, where it began; ends last, by the request's own last step.
create table alias (
    request_id    uuid     not null,
    alias_id      smallint not null default 0,
    kind          text     not null check (kind in ('address', 'subject')),
    address       text,
    alias_subject uuid,
    service       text,
    primary key (request_id, alias_id),
    check ((kind = 'address') = (address is not null)),
    check ((kind = 'subject') = (alias_subject is not null and service is not null))
);
alter table alias
    alter column address set statistics 0,
    alter column address set storage external,
    alter column alias_subject set statistics 0;

-- Who asked what requests are about, and what they were told: one row for each call and answer.
create table claim_audit (
    claim_id    uuid        primary key,
    caller      text        not null,
    answer      text        not null,
    request_ids uuid[]      not null,
    asked_at    timestamptz not null
);
comment on table claim_audit is 'append-only';
create index on claim_audit (asked_at);

-- Retained values moved aside: another role reads them, and they end by their own date.
create table held (
    hold_id    uuid        primary key,
    request_id uuid,
    ground     text        not null,
    reference  text        not null,
    until      timestamptz not null,
    fields     jsonb       not null
);
alter table held
    alter column fields set statistics 0,
    alter column fields set storage external;
