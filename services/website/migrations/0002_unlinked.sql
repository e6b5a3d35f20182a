-- A link whose account is gone stays as a blank one: it keeps the same visitor from being linked to
-- anybody again (R-LOG-06). request_id: on which request the account went, until that is certified;
-- a request that names the account too would otherwise come too late to find whom it meant.
alter table visitor_link
    alter column account_id drop not null,
    add column request_id uuid,
    alter column request_id set statistics 0,
    alter column request_id set storage plain;
create index on visitor_link (request_id) where request_id is not null;
drop trigger refuse_other_account on visitor_link;
create trigger refuse_other_account before update on visitor_link
    for each row when (
        (new.account_id is not null and new.account_id is distinct from old.account_id)
        or new.purpose <> old.purpose)
    execute function refuse_other_account();
