-- superuser
CREATE SUBSCRIPTION dbwright_case CONNECTION 'host=example' PUBLICATION a, b WITH (connect = false, slot_name = NONE, binary = true);
