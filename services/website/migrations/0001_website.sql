-- The technical log: ten items and no other (R-LOG-01), nobody's in particular, dropped by the day.
create table access (
    at           timestamptz not null,
    milliseconds integer,
    address      text        not null,
    country      text        not null,
    provider     text        not null,
    url          text        not null,
    referrer     text        not null,
    term         text        not null,
    browser      text        not null,
    system       text        not null,
    page         boolean     not null,
    download     boolean     not null
) partition by range (at);
alter table access
    alter column address  set storage external,
    alter column country  set storage external,
    alter column provider set storage external,
    alter column url      set storage external,
    alter column referrer set storage external,
    alter column term     set storage external,
    alter column browser  set storage external,
    alter column system   set storage external,
    alter column address  set statistics 0,
    alter column country  set statistics 0,
    alter column provider set statistics 0,
    alter column url      set statistics 0,
    alter column referrer set statistics 0,
    alter column term     set statistics 0,
    alter column browser  set statistics 0,
    alter column system   set statistics 0;

-- Days from the oldest kept one to two days ahead. Security definer: who writes lines may make the
-- days for them, and nothing else about the schema.
create function make_access_days(keep interval) returns void
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    today date := (clock_timestamp() at time zone 'utc')::date;
    least date := ((clock_timestamp() - keep) at time zone 'utc')::date + 1;
    part  text;
    item  text;
begin
    if keep not between interval '1 day' and interval '30 days' then
        raise exception 'keep is 1 to 30 days';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('access', 0));
    for day in 0 .. (today + 2 - least) loop
        part := 'access_' || to_char(least + day, 'YYYYMMDD');
        if to_regclass(part) is null then
            execute format('create table %I partition of access for values from (%L) to (%L)',
                           part, (least + day)::timestamp at time zone 'utc',
                           (least + day + 1)::timestamp at time zone 'utc');
            for item in
                select a.attname
                  from pg_catalog.pg_attribute a
                 where a.attrelid = 'access'::regclass and a.attstattarget = 0
            loop
                execute format('alter table %I alter column %I set statistics 0', part, item);
            end loop;
        end if;
    end loop;
end
$$;

-- A day that begins before the time limit is dropped whole (R-LOG-07), so no line is ever older.
-- Gives the days that went and how many lines were in each.
create function drop_access_days(keep interval) returns table (gone_on date, lines bigint)
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    least date := ((clock_timestamp() - keep) at time zone 'utc')::date + 1;
    part  text;
begin
    if keep not between interval '1 day' and interval '30 days' then
        raise exception 'keep is 1 to 30 days';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('access', 0));
    for part in
        select c.relname
          from pg_catalog.pg_inherits i
          join pg_catalog.pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'access'::regclass
           and c.relname < 'access_' || to_char(least, 'YYYYMMDD')
         order by c.relname
    loop
        gone_on := to_date(right(part, 8), 'YYYYMMDD');
        execute format('select count(*) from %I', part) into lines;
        execute format('drop table %I', part);
        return next;
    end loop;
end
$$;

-- How often something was seen on a day, by nobody.
create table total (
    day   date   not null,
    kind  text   not null,
    value text   not null,
    count bigint not null,
    primary key (day, kind, value)
);

-- How far a log file was read: lines and position move in one transaction, so none counts twice.
create table source (
    name     text        primary key,
    file     text        not null,  -- device and inode: a rotated file is another one
    position bigint      not null,
    read_at  timestamptz not null
);

-- One declaration that one browser gave: found by a digest of the key in its cookie and the
-- purpose, so that no two purposes of a browser can be told to belong together here.
-- ended_at: taken back; the worker deletes the subject at once.
create table granted (
    subject_id uuid        primary key references subject on delete cascade,
    key_sha256 bytea       not null unique,
    purpose    text        not null check (purpose in (
                   'web.analytics', 'web.personalise', 'tracker.google_analytics',
                   'tracker.wiredminds', 'tracker.eloqua', 'tracker.eloqua.link',
                   'tracker.hotjar', 'tracker.salesloft', 'tracker.clarity',
                   'tracker.clarity.ads')),
    method     text        not null,
    host       text        not null,
    seen       boolean     not null default false,
    ended_at   timestamptz
);
alter table granted
    alter column key_sha256 set statistics 0,
    alter column key_sha256 set storage external;

-- What a visitor did who agreed to be known again: the network is cut, never whole (R-LOG-02).
create table visit (
    subject_id   uuid        not null references subject on delete cascade,
    at           timestamptz not null,
    milliseconds integer,
    network      text        not null,
    country      text        not null,
    provider     text        not null,
    url          text        not null,
    referrer     text        not null,
    term         text        not null,
    browser      text        not null,
    system       text        not null,
    page         boolean     not null,
    download     boolean     not null
);
create index on visit (subject_id);
alter table visit
    add check (network = '' or network ~ '(\.0|::)$'),
    alter column network  set storage external,
    alter column country  set storage external,
    alter column provider set storage external,
    alter column url      set storage external,
    alter column referrer set storage external,
    alter column term     set storage external,
    alter column browser  set storage external,
    alter column system   set storage external,
    alter column network  set statistics 0,
    alter column country  set statistics 0,
    alter column provider set statistics 0,
    alter column url      set statistics 0,
    alter column referrer set statistics 0,
    alter column term     set statistics 0,
    alter column browser  set statistics 0,
    alter column system   set statistics 0;

-- Which account a visitor is (R-LOG-06). Nothing joins a wiredminds profile to a person: the purpose
-- cannot be written here (R-WM-01).
create table visitor_link (
    subject_id uuid        primary key references subject on delete cascade,
    account_id uuid        not null,
    purpose    text        not null check (purpose in ('web.analytics', 'tracker.eloqua.link')),
    linked_at  timestamptz not null
);
create index on visitor_link (account_id);
alter table visitor_link
    alter column account_id set statistics 0,
    alter column account_id set storage plain;

-- A visitor is one person's: whoever it was linked to, it is linked to nobody else.
create function refuse_other_account() returns trigger
    language plpgsql as $$
begin
    raise exception 'a visitor is linked once' using errcode = 'EX006';
end
$$;
create trigger refuse_other_account before update on visitor_link
    for each row when (new.account_id <> old.account_id or new.purpose <> old.purpose)
    execute function refuse_other_account();
