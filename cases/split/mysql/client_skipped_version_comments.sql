SELECT 1;
/*!99999 SELECT 3 */;
/*M!999999\- enable the sandbox mode */
SELECT 2;
