{{ template "views.sql" . }}
