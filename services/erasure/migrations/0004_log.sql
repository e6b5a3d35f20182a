-- The transparency log: leaves in order, tiles over them, signed heads. Digests and counts only.

-- A transaction with a record on erasure.v1; without an index it waits for its place in the log.
create table log_leaf (
    digest    bytea   primary key,  -- SHA-256 of what the transaction's signature is over
    partition integer not null,     -- where a record of it was met first
    "offset"  bigint  not null,
    log_index bigint
);
create index on log_leaf (partition, "offset") where log_index is null;

-- What c2sp.org/tlog-tiles serves: at level 0 the bundle of entries, which the tile is hashed from.
create table log_tile (
    level   smallint not null,
    number  bigint   not null,
    content bytea    not null,
    primary key (level, number)
);
alter table log_tile alter column content set storage external;

-- Every head that was ever signed, as signed.
create table log_checkpoint (
    size      bigint primary key,
    note      bytea  not null,
    certified bigint not null  -- one more than the index of the last certificate below this head
);
comment on table log_checkpoint is 'append-only';

-- How much of the log erasure-certified has named on the topic: one more than the highest index.
create table log_told (
    one  boolean primary key default true check (one),
    told bigint  not null,
    -- Why nothing is signed any more, or null.
    refused text
);
insert into log_told (told) values (0);

alter table certificate add column log_index bigint;
create index on certificate (log_index) where log_index is not null;

-- What was said before there was a log is read again from the start, so that it is logged as well:
-- nothing here takes effect a second time.
delete from consumer_cursor where topic = 'erasure.v1';
