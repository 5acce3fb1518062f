--no space; here
SELECT 1;
  --y; z
SELECT 2--1;
