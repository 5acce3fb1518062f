
-- only;
/* comments; */
# here;