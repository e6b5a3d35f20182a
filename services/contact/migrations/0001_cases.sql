-- A case: who asked, and where the answer goes. It lives until the matter is clarified (R-CT-06).
-- answered_at: null while the person waits for us; ended_at: the worker deletes the subject.
create table inquiry (
    subject_id  uuid        primary key references subject on delete cascade,
    reference   text        not null,
    email       text        not null check (length(email) <= 254),
    company     text        check (length(company) <= 200),
    telephone   text        check (length(telephone) <= 200),
    language    text        not null check (language in ('de', 'en')),
    button      text        not null,
    asked_at    timestamptz not null,
    answered_at timestamptz,
    ended_at    timestamptz
);
create index on inquiry (email);
create index on inquiry (asked_at) where ended_at is null;
alter table inquiry
    alter column reference set statistics 0,
    alter column reference set storage external,
    alter column email     set statistics 0,
    alter column email     set storage external,
    alter column company   set statistics 0,
    alter column company   set storage external,
    alter column telephone set statistics 0,
    alter column telephone set storage external;

-- What was written, by the person and by us: the one copy that we keep (R-CT-07).
create table letter (
    letter_id  uuid        primary key,
    subject_id uuid        not null references subject on delete cascade,
    from_us    boolean     not null,
    text       text        not null check (length(text) <= 5000),
    written_at timestamptz not null,
    sent_at    timestamptz,
    failed_at  timestamptz
);
create index on letter (subject_id, written_at);
alter table letter
    alter column text set statistics 0,
    alter column text set storage external;
