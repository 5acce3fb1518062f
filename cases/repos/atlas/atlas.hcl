docker "postgres" "dev" {
  image    = "postgres:16"
  baseline = <<SQL
    CREATE EXTENSION citext;
  SQL
}

env "local" {
  src = "file://schema.hcl"
  dev = docker.postgres.dev.url
  url = "postgres://user:secret@db:5432/app"
}
