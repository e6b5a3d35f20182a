-- A small slice for tests: members, and seats that hang on them.
create table member (
    subject_id uuid    primary key references subject on delete cascade,
    email      text    not null,
    points     integer not null default 0
);
create index on member (email);
alter table member
    alter column email set statistics 0,
    alter column email set storage external;

create table seat (
    seat_id    uuid primary key default gen_random_uuid(),
    subject_id uuid not null references subject on delete cascade,
    town       text not null
);
create index on seat (subject_id);

create table badge (
    seat_id    uuid primary key references seat on delete cascade,
    subject_id uuid not null references subject on delete cascade
);
create index on badge (subject_id);

create table town_count (
    town  text   primary key,
    count bigint not null
);

create table note (
    note_id uuid primary key,
    text    text not null
);
comment on table note is 'append-only';
