ALTER TABLE "users" ADD COLUMN "name" text;
ALTER TABLE "notes" ADD COLUMN "name" text;
