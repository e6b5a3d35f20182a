-- Deleting subjects runs one look-up for each foreign key and subject. The pools plan every
-- statement anew, since a plan made on empty tables may be ruinous later; for these look-ups that
-- costs four times the work. Here they keep their plan, and it is one by index whatever the size.
create function delete_subjects(ids uuid[]) returns setof uuid
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    as $$
begin
    return query
        delete from subject where subject.subject_id = any(ids) returning subject.subject_id;
end
$$;
