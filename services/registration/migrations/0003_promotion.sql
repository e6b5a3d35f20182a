-- A promotion mail's words are fixed with its first delivery.
create table promotion (
    promotion_id   uuid        primary key,
    name           text        not null unique,
    content_sha256 text        not null,
    begun_at       timestamptz not null,
    queued_at      timestamptz
);

create table promotion_text (
    promotion_id uuid not null references promotion,
    language     text not null check (language in ('de', 'en')),
    subject      text not null,
    markdown     text not null,
    primary key (promotion_id, language)
);

-- One delivery for each account and promotion, so that none gets it twice.
create table delivery (
    subject_id   uuid not null references subject on delete cascade,
    promotion_id uuid not null references promotion,
    state        text not null default 'queued'
                 check (state in ('queued', 'sent', 'skipped', 'given-up')),
    primary key (subject_id, promotion_id)
);
