-- A sign-up that nobody has confirmed yet: deleted when its time is over (R-NL-04).
-- ended_at: the person took it back; the worker deletes the subject at once.
create table pending (
    subject_id      uuid        primary key references subject on delete cascade,
    email           text        not null check (length(email) <= 254),
    first_name      text        check (length(first_name) <= 200),
    last_name       text        check (length(last_name) <= 200),
    language        text        not null check (language in ('de', 'en')),
    wording         text        not null,
    wording_version integer     not null,
    wording_sha256  text        not null,
    button          text        not null,
    form            text        not null,
    submitted_at    timestamptz not null,
    ended_at        timestamptz
);
create index on pending (email);
alter table pending
    alter column email      set statistics 0,
    alter column email      set storage external,
    alter column first_name set statistics 0,
    alter column first_name set storage external,
    alter column last_name  set statistics 0,
    alter column last_name  set storage external;

-- A mailed link stands for this address, wording and language, and for nothing else (R-NL-03).
create function refuse_other_sign_up() returns trigger
    language plpgsql as $$
begin
    raise exception 'a sign-up never changes' using errcode = 'EX003';
end
$$;
create trigger refuse_other_sign_up before update on pending
    for each row
    when ((new.subject_id, new.email, new.language, new.wording, new.wording_version,
           new.wording_sha256)
          is distinct from
          (old.subject_id, old.email, old.language, old.wording, old.wording_version,
           old.wording_sha256))
    execute function refuse_other_sign_up();

-- A subscriber lives and dies with the subject (R-NL-08: deleted, not flagged).
-- ended_at: unsubscribed or replaced; nothing is sent, and the worker deletes the subject at once.
create table subscriber (
    subject_id   uuid        primary key references subject on delete cascade,
    email        text        not null check (length(email) <= 254),
    first_name   text        check (length(first_name) <= 200),
    last_name    text        check (length(last_name) <= 200),
    language     text        not null check (language in ('de', 'en')),
    button       text        not null,
    submitted_at timestamptz not null,
    confirmed_at timestamptz not null,
    ended_at     timestamptz
);
create index on subscriber (email);
-- One subscription for each exact address.
create unique index one_subscription on subscriber (email) where ended_at is null;
alter table subscriber
    alter column email      set statistics 0,
    alter column email      set storage external,
    alter column first_name set statistics 0,
    alter column first_name set storage external,
    alter column last_name  set statistics 0,
    alter column last_name  set storage external;
