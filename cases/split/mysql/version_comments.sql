/*!40101 SET @old_mode = @@sql_mode */;
/*! SELECT 1 */;
SELECT 1 /*!80000 , ';' /* inner; */ , "*/" */;
CREATE TABLE t (a int /*!50606 STORAGE MEMORY */) /*!50100 PARTITION BY HASH (a) PARTITIONS 2 */;
SELECT 2 /*M! , ; */ /*M!100100 , ; */;
SELECT 3 /*!100100 , ; /* ; */ ; */;
SELECT 4 /*!050000 , 5 */;
SELECT 6 * 7 */* eight; */ 9;
