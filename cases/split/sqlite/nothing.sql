-- Nothing here; yet.

/* really; */
