-- A mail waiting to be sent: whom it is for is looked up when it is sent, never stored here.
create table mail (
    mail_id      uuid        primary key,
    subject_id   uuid        references subject on delete cascade,
    request_id   uuid,
    alias_id     smallint    not null default 0,
    kind         text        not null,
    template     text        not null,
    language     text        not null,
    message_id   text        not null unique,
    parameters   jsonb       not null default '{}',
    next_try_at  timestamptz not null default now(),
    leased_until timestamptz,
    tries        integer     not null default 0,
    give_up_at   timestamptz not null,
    foreign key (request_id, alias_id) references alias on delete cascade,
    check (num_nonnulls(subject_id, request_id) = 1)
);
create index on mail (subject_id) where subject_id is not null;
create index on mail (request_id) where request_id is not null;
create index on mail (next_try_at);
alter table mail
    alter column parameters set statistics 0,
    alter column parameters set storage external;

-- A mailed link: only its digest is here.
create table token (
    token_sha256 bytea       primary key,
    subject_id   uuid        not null references subject on delete cascade,
    purpose      text        not null,
    expires_at   timestamptz not null,
    used_at      timestamptz
);
create index on token (subject_id, purpose);
alter table token
    alter column token_sha256 set statistics 0,
    alter column token_sha256 set storage external;

-- A declaration that was agreed to: the exact wording, by version and digest (Art. 7(1) GDPR).
create table consent (
    consent_id      uuid        primary key,
    subject_id      uuid        not null references subject on delete cascade,
    purpose         text        not null,
    wording         text        not null,
    wording_version text        not null,
    wording_sha256  bytea       not null,
    language        text        not null,
    form            text        not null,
    granted_at      timestamptz not null
);
create index on consent (subject_id);
comment on table consent is 'append-only';
