-- superuser
CREATE SUBSCRIPTION dbwright_case CONNECTION 'host=example' PUBLICATION a WITH (connect = false, slot_name = NONE);
