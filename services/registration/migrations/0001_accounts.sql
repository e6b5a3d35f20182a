-- An account, from the form on: pending until the mailed link was confirmed (R-ACC-12).
-- ended_at: the person ended it; nothing is sent or opened, and the worker deletes the subject.
create table account (
    subject_id   uuid        primary key references subject on delete cascade,
    email        text        not null check (length(email) <= 254),
    title        text        check (length(title) <= 200),
    first_name   text        check (length(first_name) <= 200),
    last_name    text        check (length(last_name) <= 200),
    company      text        check (length(company) <= 200),
    department   text        check (length(department) <= 200),
    street       text        check (length(street) <= 200),
    postal_code  text        check (length(postal_code) <= 200),
    city         text        check (length(city) <= 200),
    telephone    text        check (length(telephone) <= 200),
    language     text        not null check (language in ('de', 'en')),
    submitted_at timestamptz not null,
    confirmed_at timestamptz,
    ended_at     timestamptz
);
create index on account (email);
-- The user name is the address: one live account for each.
create unique index one_account on account (email)
    where confirmed_at is not null and ended_at is null;
alter table account
    alter column email       set statistics 0,
    alter column email       set storage external,
    alter column title       set statistics 0,
    alter column title       set storage external,
    alter column first_name  set statistics 0,
    alter column first_name  set storage external,
    alter column last_name   set statistics 0,
    alter column last_name   set storage external,
    alter column company     set statistics 0,
    alter column company     set storage external,
    alter column department  set statistics 0,
    alter column department  set storage external,
    alter column street      set statistics 0,
    alter column street      set storage external,
    alter column postal_code set statistics 0,
    alter column postal_code set storage external,
    alter column city        set statistics 0,
    alter column city        set storage external,
    alter column telephone   set statistics 0,
    alter column telephone   set storage external;

-- The password's argon2id hash, apart from everything that is shown (R-ACC-01).
create table credential (
    subject_id uuid        primary key references subject on delete cascade,
    hash       text        not null,
    changed_at timestamptz not null
);
alter table credential
    alter column hash set statistics 0,
    alter column hash set storage external;

-- What was ticked in the form: a consent only once the address is confirmed.
create table declared (
    subject_id     uuid not null references subject on delete cascade,
    purpose        text not null,
    wording_sha256 text not null,
    button         text not null,
    form           text not null,
    primary key (subject_id, purpose)
);

-- Which data protection policy was on the screen; evidence, never a basis (R-ACC-05).
create table presented (
    subject_id     uuid        not null references subject on delete cascade,
    purpose        text        not null,
    policy_version text        not null,
    policy_sha256  text        not null,
    presented_at   timestamptz not null,
    primary key (subject_id, purpose, presented_at)
);

-- When details were changed, and which: names of fields, never a value (R-ACC-08).
create table account_change (
    change_id  uuid        primary key,
    subject_id uuid        not null references subject on delete cascade,
    fields     text[]      not null,
    changed_at timestamptz not null
);
create index on account_change (subject_id);

-- Somebody asked for a new password: whether the address has an account is found out by the
-- worker. A relationship of its own, since the address may be a stranger's.
create table reset_wish (
    subject_id uuid        primary key references subject on delete cascade,
    email      text        not null check (length(email) <= 254),
    language   text        not null check (language in ('de', 'en')),
    asked_at   timestamptz not null
);
create index on reset_wish (email);
alter table reset_wish
    alter column email set statistics 0,
    alter column email set storage external;

-- The address that an account is to have: a relationship of its own until it is confirmed, or
-- erasing a mistyped address would erase the account of whoever typed it.
create table new_address (
    subject_id uuid        primary key references subject on delete cascade,
    account_id uuid        not null unique references account on delete cascade,
    email      text        not null check (length(email) <= 254),
    language   text        not null check (language in ('de', 'en')),
    asked_at   timestamptz not null
);
create index on new_address (email);
alter table new_address
    alter column account_id set statistics 0,
    alter column email      set statistics 0,
    alter column email      set storage external;

-- The address that an account had, for as long as it must still be findable and be told.
create table former_address (
    subject_id uuid        primary key references subject on delete cascade,
    account_id uuid        not null references account on delete cascade,
    email      text        not null check (length(email) <= 254),
    language   text        not null check (language in ('de', 'en')),
    changed_at timestamptz not null
);
create index on former_address (account_id);
create index on former_address (email);
alter table former_address
    alter column account_id set statistics 0,
    alter column email      set statistics 0,
    alter column email      set storage external;
