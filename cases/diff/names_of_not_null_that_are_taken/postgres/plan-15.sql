-- loses table image: The table and its rows are dropped.

-- Change definitions in one transaction.
BEGIN;
CREATE TABLE public.upload (
    alias text NOT NULL
);
ALTER TABLE public.upload OWNER TO postgres;
DROP TABLE public.image;
COMMIT;
