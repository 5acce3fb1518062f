package gomigrations

var backfill = []popx.Migration{
	{
		Version:   "20200104000001000000",
		Name:      "Fill in names",
		Direction: "up",
		DBType:    "postgres",
		Runner:    fill,
	},
	{
		Version:   "20200104000001000000",
		Direction: "down",
		DBType:    "all",
	},
}
