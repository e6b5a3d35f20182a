-- The root of a slice: one row for each relationship; everything personal hangs on it.
create table subject (
    subject_id    uuid        primary key,
    begun_at      timestamptz not null,
    address_since timestamptz not null,
    restricted_at timestamptz
);

-- The cut-off barrier: who writes a time shares the lock until commit, and erasure passes it
-- alone before it looks. So nobody appears later with a time from before the cut-off.
-- 1001 is SUBJECT_BARRIER in shared/database/locks.py.
create function begin_subject() returns trigger
    language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(1001);
    new.begun_at := clock_timestamp();
    new.address_since := new.begun_at;
    return new;
end
$$;
create trigger begin_subject before insert on subject
    for each row execute function begin_subject();

-- Setting address_since to anything means: the address changed now.
create function change_address() returns trigger
    language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(1001);
    new.address_since := clock_timestamp();
    return new;
end
$$;
create trigger change_address before update of address_since on subject
    for each row execute function change_address();

-- Restriction (Art. 18 GDPR): nothing is deleted while it lasts. A person's own erasure
-- request ends it first.
create function refuse_restricted() returns trigger
    language plpgsql as $$
begin
    raise exception 'the subject is restricted' using errcode = 'EX018';
end
$$;
create trigger refuse_restricted before delete on subject
    for each row when (old.restricted_at is not null) execute function refuse_restricted();

create or replace function is_restricted(uuid) returns boolean
    language sql stable as
    'select exists (select from subject where subject_id = $1 and restricted_at is not null)';

-- With subjects: the restricted wait, and so do those that somebody else works on.
create or replace function take_due(a_kind text, at timestamptz, at_most integer)
    returns table (deadline_id uuid, subject_id uuid, kind text, due_at timestamptz, payload jsonb)
    language sql as $$
    with candidate as materialized (
        select c.deadline_id, c.subject_id
          from deadline c
         where c.kind = a_kind
           and c.due_at <= at
           and (c.failed_at is null or c.failed_at <= at - interval '10 minutes')
           and not is_restricted(c.subject_id)
         order by c.due_at
         limit at_most
           for update skip locked
    ), free as materialized (
        select s.subject_id
          from subject s
         where s.subject_id in (select c.subject_id from candidate c)
         order by s.subject_id
           for update skip locked
    )
    delete from deadline d
     using candidate c
     where d.deadline_id = c.deadline_id
       and (c.subject_id is null or c.subject_id in (select f.subject_id from free f))
    returning d.deadline_id, d.subject_id, d.kind, d.due_at, d.payload
$$;

alter table deadline
    add constraint deadline_subject_id_fkey
    foreign key (subject_id) references subject on delete cascade;
