/*!40101 SET @old_mode = @@sql_mode */;
/*M! SELECT 1 */;
SELECT 1 /*!50606 , ';' /* inner; */ , "*/" */;
SELECT 2 /*!50700 , ; */ /*!80000 , ; */ /*!99999 , ; */;
SELECT 3 /*M!80000 , ';' */ /*!100100 , ';' */ /*M!101100, ';'*/;
SELECT 4 /*!999999 , ; /* ; */ ; */;
SELECT 5 /*!100100, 6 */;
CREATE TABLE t (a int) /*!50100 PARTITION BY HASH (a) PARTITIONS 2 */;
