-- refuses subscription dbwright_case: How a subscription connects is not read, because it may hold a password. Create it by hand.

-- Change definitions in one transaction.
BEGIN;
ALTER SUBSCRIPTION dbwright_case SET PUBLICATION a, b WITH (refresh = false);
ALTER SUBSCRIPTION dbwright_case SET (binary = true);
COMMIT;
