-- Receipts that were looked at and wait for the scan of every column: the last thing before their
-- origin forgets what they are about.
create table unscanned (
    request_id     uuid        primary key,
    origin         text        not null,
    receipt_id     uuid        not null,
    attempt        integer     not null,
    receipt_sha256 bytea       not null,
    covered_until  timestamptz not null,
    subject_ids    uuid[]      not null,
    left_over      boolean     not null default false  -- a scan found something, and it was said
);
