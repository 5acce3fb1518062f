package persistence

import "embed"

//go:embed migrations/sql/*.sql
var Migrations embed.FS

const memory = "sqlite://file::memory:?_fk=true"
