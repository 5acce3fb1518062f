{{ if .IsSQLite -}}
CREATE TABLE {{ identifier "notes" }} (id INTEGER PRIMARY KEY, body TEXT);
{{- else if .IsMySQL -}}
CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, body LONGTEXT);
{{- else -}}
CREATE TABLE notes (id BIGSERIAL PRIMARY KEY, body TEXT);
{{- end }}
{{/* The project's code gives the parameters. */}}
CREATE TABLE {{ identifier .Parameters.audit }} (id INTEGER);
