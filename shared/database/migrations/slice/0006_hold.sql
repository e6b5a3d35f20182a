-- A lawful reason to keep some values of a relationship beyond its end (R-ACC-11): erasing moves
-- them to `held`, where they end by their own date. `name` is a hold that the inventory declares.
create table hold (
    hold_id    uuid        primary key,
    subject_id uuid        not null references subject on delete cascade,
    name       text        not null,
    reference  text        not null,
    until      timestamptz not null,
    placed_at  timestamptz not null,
    unique (subject_id, name)
);

create index on held (until);

-- The worker ends what is over without being able to read, or to end anything else.
create function end_holds(at_most integer) returns bigint
    language sql security definer set search_path = public, pg_temp as $$
    with gone as (
        delete from held
         where hold_id in (select h.hold_id
                             from held h
                            where h.until <= clock_timestamp()
                            order by h.until
                            limit at_most
                              for update skip locked)
        returning hold_id)
    select count(*) from gone
$$;

-- What was moved aside once more while catching up, for slice-reerased.
alter table reclosed add column held jsonb not null default '[]';

-- One declaration is taken back and the relationship goes on: its consent goes alone.
comment on table consent is null;
