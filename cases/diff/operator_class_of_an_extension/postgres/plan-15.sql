
-- Change definitions in one transaction.
BEGIN;
CREATE EXTENSION pg_trgm SCHEMA public VERSION '1.6';
COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';
COMMIT;

-- Build or remove indexes without blocking writes.
CREATE INDEX CONCURRENTLY recipient_email_trgm ON public.recipient USING gin (email public.gin_trgm_ops);
