-- What witnesses said of public heads (c2sp.org/tlog-cosignature): a line that goes below the head.
create table log_cosignature (
    witness text        not null,  -- its key, as the operator named it
    size    bigint      not null,  -- of the head
    line    text        not null,
    at      timestamptz not null,  -- when it saw the head, by its own clock
    primary key (witness, size)
);
create index on log_cosignature (size);
comment on table log_cosignature is 'append-only';
