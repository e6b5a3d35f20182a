-- The id that the next change of an account is told under (`data-rectified`), and that nothing else
-- has until then. A database that comes back from a backup knows by it, and by nothing else on the
-- topic, which of its accounts were changed since.
alter table account add column next_change uuid not null default gen_random_uuid();
create unique index on account (next_change);

-- An account that came back from a backup older than its last change: storage only, until its
-- person or an officer has seen to it. `froze`: it was not restricted before.
create table outdated (
    subject_id uuid        primary key references subject on delete cascade,
    fields     text[]      not null,
    froze      boolean     not null,
    noticed_at timestamptz not null
);
