-- Nothing sends entries of forms to Eloqua, so nobody is asked to join them to its visitor, and such
-- a grant cannot be written (R-EL-02). One that stands counts for nothing from now on, and the worker
-- deletes it.
update granted
   set ended_at = now()
 where purpose = 'tracker.eloqua.link'
   and ended_at is null;
update deadline
   set due_at = now()
 where kind = 'over'
   and due_at > now()
   and subject_id in (select subject_id from granted where purpose = 'tracker.eloqua.link');
alter table granted
    add check (purpose <> 'tracker.eloqua.link' or ended_at is not null);

-- A visitor is assigned to an account for one purpose.
delete from visitor_link where purpose <> 'web.analytics';
alter table visitor_link
    add check (purpose = 'web.analytics');
