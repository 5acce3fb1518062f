-- atlas:txmode all

ALTER TABLE "users" ADD COLUMN "name" text;
