module example.com/accounts

require (
	github.com/go-sql-driver/mysql v1.9.0
	github.com/jackc/pgx/v5 v5.7.0
	github.com/ory/pop/v6 v6.4.1
	github.com/ory/x v0.0.700
	modernc.org/sqlite v1.38.0
)
