---- tern: disable-tx ----
create index concurrently users_id on users (id);
{{ if .app_user }}grant select on users to {{ .app_user }};{{ end }}

---- create above / drop below ----
