module example.org/notes

require github.com/pressly/goose/v3 v3.27.0
require modernc.org/sqlite v1.40.0 // indirect
require github.com/lib/pq v1.10.9
