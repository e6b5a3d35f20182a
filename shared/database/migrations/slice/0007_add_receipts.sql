-- Writing many receipts looks their record up for each row; here these look-ups keep their plan, as
-- in delete_subjects.
create function add_receipts(
    receipts uuid[], requests uuid[], attempts integer[], records bytea[], lines integer[],
    digests bytea[], erased timestamptz[], covered timestamptz[], origins text[],
    cutoffs timestamptz[]
) returns void
    language sql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    as $$
    insert into receipt (receipt_id, request_id, attempt, record_id, line, line_sha256, erased_at,
                         covered_until, origin, cutoff)
    select *
      from unnest(receipts, requests, attempts, records, lines, digests, erased, covered, origins,
                  cutoffs)
        on conflict do nothing
$$;
