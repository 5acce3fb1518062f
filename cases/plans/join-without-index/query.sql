SELECT p.a FROM plain p JOIN plain q ON p.b = q.d WHERE p.a < 10;
