-- What was changed elsewhere, of which seats may hold a copy: ids and names of fields, until the
-- service that told it has said whose it was.
create table changed_elsewhere (
    change_id   uuid        primary key,
    origin      text        not null,
    fields      text[]      not null,
    changed_at  timestamptz not null,
    tries       integer     not null default 0,
    next_try_at timestamptz not null
);
create index on changed_elsewhere (next_try_at);

-- Fields that the account at the seat's address has differently since. The seat keeps what was sent
-- with it (R-EV-01); its person is told.
alter table seat add column changed_since text[] not null default '{}';
