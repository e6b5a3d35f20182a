-- A request nobody has confirmed yet lives and dies with its subject (R-DL-01).
create table unconfirmed (
    subject_id  uuid        primary key references subject on delete cascade,
    address     text        not null check (length(address) <= 254),
    language    text        not null check (language in ('de', 'en')),
    received_at timestamptz not null
);
create index on unconfirmed (address);
alter table unconfirmed
    alter column address set statistics 0,
    alter column address set storage external;
