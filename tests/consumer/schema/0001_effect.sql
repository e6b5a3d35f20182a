-- What a test's reactions do: plain rows, so that doing anything twice shows.
create table effect (
    id        bigint generated always as identity primary key,
    about     text        not null,
    kind      text        not null,
    size      integer     not null,  -- lines in the call of the reaction
    seen_at   timestamptz not null default now()
);
create table strict_effect (
    about text primary key
);
