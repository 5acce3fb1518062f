CREATE TABLE `users` (`id` char(36) NOT NULL, `email` varchar(255), PRIMARY KEY (`id`)) ENGINE=InnoDB;
