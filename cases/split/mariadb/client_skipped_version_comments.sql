SELECT 1;
/*!80000 SELECT 3 */;
/*M!999999\- enable the sandbox mode */
SELECT 2;
