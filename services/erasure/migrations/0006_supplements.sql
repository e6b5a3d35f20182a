-- Which recipients outside a receipt names.
alter table saga_receipt add column recipients text[] not null default '{}';

-- What a slice says after its receipt, once each: a recipient answered, a hold ended. `about` names
-- which one; the first line counts, as everywhere.
create table saga_supplement (
    request_id  uuid    not null,
    service     text    not null,
    about       text    not null,
    line_sha256 bytea   not null,
    record_id   bytea   not null,
    line        integer not null,
    primary key (request_id, service, about)
);
comment on table saga_supplement is 'append-only';

-- Where the origin's last word stands; empty where it was said before anybody asked.
alter table saga_end add column record_id bytea, add column line integer;
