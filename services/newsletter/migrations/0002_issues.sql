-- An issue's words are fixed with its first delivery: nobody gets another text under its name.
create table issue (
    issue_id       uuid        primary key,
    name           text        not null unique,
    content_sha256 text        not null,
    begun_at       timestamptz not null,
    queued_at      timestamptz
);

create table issue_text (
    issue_id uuid not null references issue,
    language text not null check (language in ('de', 'en')),
    subject  text not null,
    markdown text not null,
    primary key (issue_id, language)
);

-- One delivery for each subscriber and issue, so that none gets it twice.
create table delivery (
    subject_id uuid not null references subject on delete cascade,
    issue_id   uuid not null references issue,
    state      text not null default 'queued'
               check (state in ('queued', 'sent', 'skipped', 'given-up')),
    primary key (subject_id, issue_id)
);
