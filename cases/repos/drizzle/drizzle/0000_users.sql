CREATE TABLE "users" (
	"id" serial PRIMARY KEY
)
--> statement-breakpoint
CREATE TABLE "notes" (
	"id" serial PRIMARY KEY,
	"user_id" integer
);
--> statement-breakpoint
ALTER TABLE "notes" ADD CONSTRAINT "notes_user" FOREIGN KEY ("user_id") REFERENCES "users" ("id");
