-- What a slice says once for ever about a request after its receipt: that a recipient answered,
-- that a hold ended. A restored backup hears its own words again before it may speak.
create table said (
    request_id uuid not null,
    what       text not null,
    primary key (request_id, what)
);
comment on table said is 'append-only';

-- What was moved aside tells of its end: all of one request, ground, paragraph and day at once.
drop function end_holds(integer);
create function end_holds(at_most integer)
    returns table (request_id uuid, ground text, reference text, until timestamptz,
                   count bigint, ended_at timestamptz)
    language sql security definer set search_path = public, pg_temp as $$
    with due as (
        select h.hold_id, h.request_id, h.ground, h.reference, h.until
          from held h
         where h.until <= clock_timestamp()
         order by h.until, h.request_id
         limit at_most
    ), wanted as (
        select due.hold_id from due
         union
        select h.hold_id
          from held h
          join due using (until, request_id, ground, reference)
    ), locked as (
        -- Two workers at once take them in one order; the second finds nothing left.
        select h.hold_id
          from held h
         where h.hold_id in (select wanted.hold_id from wanted)
         order by h.hold_id
           for update
    ), gone as (
        delete from held h
         using locked
         where h.hold_id = locked.hold_id
        returning h.request_id, h.ground, h.reference, h.until
    )
    select g.request_id, g.ground, g.reference, g.until, count(*), clock_timestamp()
      from gone g
     group by g.request_id, g.ground, g.reference, g.until
     order by g.until, g.request_id, g.ground, g.reference
$$;

-- Recipients that are told once more while catching up, for slice-reerased.
alter table reclosed add column recipients text[] not null default '{}';
