select 1\G
SELECT 2 \g
SELECT 3 FROM missing \c
SELECT 4, '\G', "\c", `\q` FROM (SELECT 1 AS `\q`) AS t;
source other.sql
\. another.sql
tee log.txt
notee
status
SELECT 5,
  \p 6;
use information_schema
USE information_schema;
\u mysql
\! ls -l
system ls; SELECT 7;
print;
\d //
SELECT 8; SELECT 9 //
\d ;
warnings
quit
SELECT 10;
