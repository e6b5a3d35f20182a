-- Consents whose proof is forgotten here and whose grant the topic is forgetting: their withdrawal
-- follows at due_at, and the row goes with it.
create table consent_tombstone (
    consent_id uuid        primary key,
    due_at     timestamptz not null
);
create index on consent_tombstone (due_at);
