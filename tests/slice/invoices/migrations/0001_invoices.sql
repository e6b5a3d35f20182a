-- A slice that exists in tests only: an invoice that a law keeps, and counts of what was bought.
create table invoice (
    subject_id uuid        primary key references subject on delete cascade,
    email      text        not null,
    name       text        not null,
    number     text        not null,
    product    text        not null,
    language   text        not null
);
create index on invoice (email);
create table product_count (
    product text   primary key,
    count   bigint not null
);
