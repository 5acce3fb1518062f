CREATE ROLE reader PASSWORD '${password}';
CREATE ROLE writer PASSWORD '${unknown}';
