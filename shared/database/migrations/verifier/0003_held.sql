-- What a receipt says is kept: ground, paragraph, end and how many rows; null where it was not noted.
alter table looking add column held jsonb;
