-- First answers of forms, for a day: a double submit gets the same page and has one effect.
-- Names nobody: digest of a random form id, HMAC and cipher under that id, which is not stored.
create table answer (
    form_sha256  bytea       primary key,
    entries_hmac bytea       not null,
    location     bytea,
    expires_at   timestamptz not null
);
create index on answer (expires_at);
alter table answer
    alter column entries_hmac set statistics 0,
    alter column entries_hmac set storage external,
    alter column location     set statistics 0,
    alter column location     set storage external;
