-- Enter migration here
drop table if exists app.notes;
--! include notes.sql
--! include missing.sql
grant select on app.notes to :APP;
