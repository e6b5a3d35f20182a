-- The read-back counts what was moved aside on a request, and so does who erases again.
create index on held (request_id) where request_id is not null;
