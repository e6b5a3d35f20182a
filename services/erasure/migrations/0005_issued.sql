-- The page behind a printed certificate's QR code looks for one time and one digest. Certificates
-- lie in the order of their times, so a map of that costs nothing when they are written; an index
-- over digests would touch another page for each.
create index certificate_issued on certificate using brin (certified_at)
  with (pages_per_range = 32, autosummarize = on);
