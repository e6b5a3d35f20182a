-- What is written and deleted for many requests at once: the look-ups of foreign keys keep their
-- plan, one by index whatever the size, as in delete_subjects.
create function add_nonces(requests uuid[], nonces bytea[]) returns void
    language sql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    as $$
    insert into nonce (request_id, nonce)
    select * from unnest(requests, nonces)
$$;

-- Only requests that are known here are followed, and only a later attempt replaces an answer.
create function note_answers(
    requests uuid[], services text[], attempts integer[], digests bytea[], outcomes text[],
    answered timestamptz[]
) returns void
    language sql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    as $$
    insert into slice_answer as a (request_id, service, attempt, receipt_sha256, outcome,
                                   answered_at)
    select told.*
      from unnest(requests, services, attempts, digests, outcomes, answered)
           as told (request_id, service, attempt, receipt_sha256, outcome, answered_at)
      join request using (request_id)
        on conflict (request_id, service) do update
       set attempt = excluded.attempt, receipt_sha256 = excluded.receipt_sha256,
           outcome = excluded.outcome, answered_at = excluded.answered_at,
           remaining = null, verified_at = null
     where a.attempt < excluded.attempt
$$;

-- Delete what requests are about; gives how many aliases each had, none for none.
create function delete_aliases(requests uuid[]) returns table (request uuid, count bigint)
    language sql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    as $$
    with gone as (delete from alias where request_id = any(requests) returning request_id)
    select gone.request_id, count(*) from gone group by gone.request_id
$$;
