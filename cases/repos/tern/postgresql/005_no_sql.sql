-- later

---- create above / drop below ----
drop table later;
