-- Who waited while processing was restricted kept their place and was passed over. Once the
-- restriction is lifted, by whoever's statement, the clock looks whether a seat is free for them.
create function wait_again() returns trigger
    language plpgsql as $$
begin
    insert into deadline (deadline_id, kind, due_at, payload)
    select gen_random_uuid(), 'move-up', clock_timestamp(),
           jsonb_build_object('gathering_id', seat.gathering_id)
      from seat
     where seat.subject_id = new.subject_id
       and seat.state = 'waiting'
       and seat.cancelled_at is null;
    return new;
end
$$;
create trigger wait_again after update of restricted_at on subject
    for each row when (new.restricted_at is null and old.restricted_at is not null)
    execute function wait_again();
