-- One registration. It lives and dies with its subject, whose ending is a deadline from the first
-- moment on (R-EV-09). `blocks`: it counts in gathering.taken. `cancelled_at`: the person took it
-- back; the worker deletes the subject at once.
create table seat (
    subject_id   uuid        primary key references subject on delete cascade,
    gathering_id uuid        not null references gathering,
    state        text        not null check (state in ('pending', 'waiting', 'booked')),
    title        text        check (length(title) <= 100),
    first_name   text        not null check (length(first_name) <= 200),
    last_name    text        not null check (length(last_name) <= 200),
    email        text        not null check (length(email) <= 254),
    company      text        check (length(company) <= 200),
    department   text        check (length(department) <= 200),
    street       text        check (length(street) <= 200),
    postal_code  text        check (length(postal_code) <= 20),
    city         text        check (length(city) <= 200),
    telephone    text        check (length(telephone) <= 50),
    language     text        not null check (language in ('de', 'en')),
    form         text        not null,
    blocks       boolean     not null,
    by_email     boolean     not null,
    by_post      boolean     not null,
    submitted_at timestamptz not null,
    confirmed_at timestamptz,
    cancelled_at timestamptz,
    told_at      timestamptz,
    answered_at  timestamptz
);
create index on seat (email);
create index on seat (gathering_id, confirmed_at);
alter table seat
    alter column title       set statistics 0, alter column title       set storage external,
    alter column first_name  set statistics 0, alter column first_name  set storage external,
    alter column last_name   set statistics 0, alter column last_name   set storage external,
    alter column email       set statistics 0, alter column email       set storage external,
    alter column company     set statistics 0, alter column company     set storage external,
    alter column department  set statistics 0, alter column department  set storage external,
    alter column street      set statistics 0, alter column street      set storage external,
    alter column postal_code set statistics 0, alter column postal_code set storage external,
    alter column city        set statistics 0, alter column city        set storage external,
    alter column telephone   set statistics 0, alter column telephone   set storage external;

-- What was ticked in a form, until the mailed link is confirmed: a consent only then (R-EV-11).
create table declared (
    subject_id      uuid    not null references subject on delete cascade,
    purpose         text    not null,
    wording         text    not null,
    wording_version integer not null,
    wording_sha256  text    not null,
    primary key (subject_id, purpose)
);

-- Who was there. Apart from the seat, since a count of it remains.
create table attendance (
    subject_id   uuid        primary key references subject on delete cascade,
    gathering_id uuid        not null references gathering,
    attendance   text        not null check (attendance in ('attended', 'absent')),
    noted_at     timestamptz not null
);
alter table attendance alter column attendance set statistics 0,
                       alter column attendance set storage external;

-- Answers of the survey: closed ones, of which counts remain.
create table survey_answer (
    subject_id   uuid not null references subject on delete cascade,
    gathering_id uuid not null references gathering,
    question     text not null,
    answer       text not null,
    primary key (subject_id, question)
);
alter table survey_answer alter column answer set statistics 0,
                          alter column answer set storage external;

-- What somebody wrote in their own words: never kept after deletion (R-EV-08).
create table remark (
    subject_id uuid primary key references subject on delete cascade,
    remark     text not null check (length(remark) <= 2000)
);
alter table remark alter column remark set statistics 0,
                   alter column remark set storage external;

-- Reading material chosen from the answers, one row for each channel (R-EV-07).
create table sending (
    subject_id uuid        not null references subject on delete cascade,
    reading    text        not null,
    channel    text        not null check (channel in ('email', 'post')),
    sent_at    timestamptz,
    primary key (subject_id, reading, channel)
);
create index on sending (reading) where channel = 'post' and sent_at is null;
alter table sending alter column reading set statistics 0,
                    alter column reading set storage external;

-- What a paid training was charged: kept aside beyond the seat if a hold says so (R-ACC-11).
create table invoice (
    subject_id   uuid    primary key references subject on delete cascade,
    number       text    not null unique check (length(number) <= 40),
    issued_on    date    not null,
    amount_cents integer not null check (amount_cents > 0)
);
alter table invoice alter column number set statistics 0,
                    alter column number set storage external,
                    alter column amount_cents set statistics 0;

-- Seats that became free, one gathering id for each: counted back, and the waiting list hears of
-- it. Rows of gathering are taken in the order of their ids, so that two erasures at once never
-- wait for each other.
create function give_back(freed uuid[]) returns void
    language plpgsql as $$
begin
    perform from gathering g
      where g.gathering_id = any(freed)
      order by g.gathering_id
        for no key update;
    update gathering g
       set taken = g.taken - gone.count
      from (select f.gathering_id, count(*) as count
              from unnest(freed) as f (gathering_id)
             group by f.gathering_id) gone
     where g.gathering_id = gone.gathering_id;
    insert into deadline (deadline_id, kind, due_at, payload)
    select gen_random_uuid(), 'move-up', clock_timestamp(),
           jsonb_build_object('gathering_id', f.gathering_id)
      from unnest(freed) as f (gathering_id)
     group by f.gathering_id;
end
$$;

-- A seat that goes is free at once, for whatever reason and by whoever's statement.
create function free_seats() returns trigger
    language plpgsql as $$
begin
    perform give_back(array(select gathering_id from gone where blocks));
    return null;
end
$$;
create trigger free_seats after delete on seat
    referencing old table as gone
    for each statement execute function free_seats();
