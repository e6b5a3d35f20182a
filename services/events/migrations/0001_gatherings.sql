-- What people can come to. Names nobody. A gathering without an end cannot be stored (R-EV-09).
create table gathering (
    gathering_id uuid        primary key,
    kind         text        not null check (kind in ('webinar', 'event', 'training')),
    place        text        not null check (length(place) <= 200),
    capacity     integer     not null check (capacity > 0),
    taken        integer     not null default 0,
    listed       boolean     not null,
    state        text        not null default 'planned'
                             check (state in ('planned', 'concluded', 'cancelled')),
    begins_at    timestamptz not null,
    ends_at      timestamptz not null,
    over_at      timestamptz,
    entered_at   timestamptz not null,
    check (taken between 0 and capacity),
    check (ends_at > begins_at),
    check ((state = 'planned') = (over_at is null))
);
create index on gathering (begins_at) where state = 'planned';

create table gathering_title (
    gathering_id uuid not null references gathering on delete cascade,
    language     text not null check (language in ('de', 'en')),
    title        text not null check (length(title) <= 150),
    primary key (gathering_id, language)
);

create table gathering_slot (
    gathering_id uuid        not null references gathering on delete cascade,
    starts_at    timestamptz not null,
    ends_at      timestamptz not null,
    primary key (gathering_id, starts_at),
    check (ends_at > starts_at)
);

-- A link to a form that is not listed: the same for everybody who was invited, so it names nobody.
create table invitation (
    invitation_sha256 bytea       primary key,
    gathering_id      uuid        not null references gathering on delete cascade,
    made_at           timestamptz not null
);

-- What remains when everybody's data is gone: counts, shown from MIN_CELL on (R-EV-08).
create table survey_total (
    gathering_id uuid   not null references gathering on delete cascade,
    question     text   not null,
    answer       text   not null,
    count        bigint not null,
    primary key (gathering_id, question, answer)
);
create table attendance_total (
    gathering_id uuid   not null references gathering on delete cascade,
    attendance   text   not null,
    count        bigint not null,
    primary key (gathering_id, attendance)
);
