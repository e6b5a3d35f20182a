-- What the probe's form was sent with, so that a test sees what was stored.
create table entry (
    email text not null,
    name  text,
    note  text
);
