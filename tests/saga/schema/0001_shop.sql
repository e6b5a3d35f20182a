-- A slice that exists in tests only: who bought, and what somebody wrote about it.
create table customer (
    subject_id uuid primary key references subject on delete cascade,
    email      text not null
);
create index on customer (email);

create table note (
    note_id    uuid primary key,
    subject_id uuid not null references subject on delete cascade,
    body       text not null
);
create index on note (subject_id);
