PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_users` (`id` integer PRIMARY KEY, `name` text);--> statement-breakpoint
DROP TABLE `users`;
ALTER TABLE `__new_users` RENAME TO `users`;
