-- A record without a value lets a compacted topic forget its key.
alter table outbox alter column value drop not null;
