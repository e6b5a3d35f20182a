-- What was passed on to whom, on which basis (R-3P-01). `their_id` is how the recipient knows the
-- person: a visitor's id of theirs, or our disclosure's id; never an address.
create table disclosure (
    disclosure_id uuid        primary key,
    subject_id    uuid        not null references subject on delete cascade,
    recipient     text        not null,
    purpose       text        not null,
    categories    text[]      not null,
    basis         text        not null check (basis in ('a', 'b', 'c', 'f')),
    reference     text        not null,
    their_id      text        not null check (their_id ~ '^[A-Za-z0-9._~-]{1,128}$'),
    disclosed_at  timestamptz not null
);
create index on disclosure (subject_id);
alter table disclosure
    alter column their_id set statistics 0,
    alter column their_id set storage external;

-- An objection that stands (Art. 21): nothing is done for that purpose on legitimate interest.
create table objection (
    subject_id uuid        not null references subject on delete cascade,
    purpose    text        not null,
    raised_at  timestamptz not null,
    primary key (subject_id, purpose)
);

-- Which recipients must be told that it ended, and what they answered (Art. 19; R-3P-03). It
-- outlives the subject; how the recipient knows the person goes with the last answer.
create table telling (
    telling_id   uuid        primary key,
    request_id   uuid,       -- null: nobody asked, its purpose ended
    recipient    text        not null,
    purpose      text        not null,
    their_id     text,
    state        text        not null default 'open'
                 check (state in ('open', 'told', 'confirmed', 'verified', 'impossible')),
    reason       text,
    disclosed_at timestamptz not null,
    told_at      timestamptz,
    answered_at  timestamptz,
    next_try_at  timestamptz not null default clock_timestamp(),
    tries        integer     not null default 0,
    check ((state in ('open', 'told')) = (their_id is not null)),
    check ((state = 'impossible') = (reason is not null))
);
create index on telling (next_try_at) where state in ('open', 'told');
create index on telling (request_id) where request_id is not null;
alter table telling
    alter column their_id set statistics 0,
    alter column their_id set storage external;
