create table {{ .prefix }}notes (id int);
create table plain (id int);
{{ install_snapshot "v1" }}
