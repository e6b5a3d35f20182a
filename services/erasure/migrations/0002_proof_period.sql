-- The clock finds consents that ended so long ago that nobody needs the proof any more (R-NL-09).
create index on consent_evidence (withdrawn_at) where withdrawn_at is not null;
