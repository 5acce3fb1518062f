"""Generates the data and the queries of TPC-H and TPC-DS, offline: `twin_data.py FOLDER SCALE`, with duckdb 1.1.3, the last
version that brings both generators."""

import json
import os
import sys

import duckdb

folder, scale = sys.argv[1], float(sys.argv[2])
for name, generate in (("tpch", "dbgen"), ("tpcds", "dsdgen")):
    into = os.path.join(folder, name)
    os.makedirs(into, exist_ok=True)
    database = duckdb.connect()
    database.execute(f"LOAD {name}")
    database.execute(f"CALL {generate}(sf={scale})")
    tables = database.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1").fetchall()
    for table, _ in tables:
        database.execute(f"COPY {table} TO '{into}/{table}.csv' (HEADER false)")
    queries = database.execute(f"SELECT query_nr, query FROM {name}_queries() ORDER BY 1").fetchall()
    with open(os.path.join(into, f"{name}.json"), "w") as file:
        json.dump({"tables": tables, "queries": queries}, file)
