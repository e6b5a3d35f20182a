-- When a slice's verifier had looked through every column for a request. A scan is told for many
-- requests at once, so it may be heard before the receipt that it came after: a table of its own.
-- Rows end with their request, without a foreign key that would be looked up for each.
create table scanned (
    request_id uuid        not null,
    service    text        not null,
    scanned_at timestamptz not null,
    primary key (request_id, service)
);
insert into scanned
select request_id, service, verified_at from slice_answer where remaining = 0;
