-- One sign-in: the account page's cookie and ONLINEPLUS, each stored as a digest (R-CK-04).
create table sign_in (
    sign_in_id       uuid        primary key,
    subject_id       uuid        not null references subject on delete cascade,
    account_sha256   bytea       not null unique,
    documents_sha256 bytea       not null unique,
    this_session     boolean     not null,
    begun_at         timestamptz not null,
    account_seen_at  timestamptz not null,
    seen_at          timestamptz not null
);
create index on sign_in (subject_id);
alter table sign_in
    alter column account_sha256   set statistics 0,
    alter column account_sha256   set storage external,
    alter column documents_sha256 set statistics 0,
    alter column documents_sha256 set storage external;

-- A restriction ends every sign-in at once, whoever sets it.
create function end_sign_ins() returns trigger
    language plpgsql as $$
begin
    delete from sign_in where sign_in.subject_id = new.subject_id;
    return new;
end
$$;
create trigger end_sign_ins before update of restricted_at on subject
    for each row when (new.restricted_at is not null and old.restricted_at is null)
    execute function end_sign_ins();
