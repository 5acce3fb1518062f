"""Generates the data and the queries of TPC-H and TPC-DS, offline: `twin_data.py FOLDER SCALE`, with duckdb 1.1.3, the last
version that brings both generators. Queries are written for each engine; what this does not translate the engine may refuse."""

import json
import os
import re
import sys

import duckdb

# What is said in another way, and means the same: expressions, and what comes in their place.
COLUMN_NAMES = [
    (r"count\(o_orderkey\)(?=\s+FROM)", "count(o_orderkey) AS c_count"),
    (r"AS c_orders \(c_custkey,\s+c_count\)", "AS c_orders"),
]
MYSQL = [
    # NULL comes first in any case.
    (r"\s+NULLS FIRST", ""),
    (r"ROLLUP\s*\(([^()]*)\)", r"\1 WITH ROLLUP"),
    # A function and its parenthesis stand together, `*` stands first, and names of tables have one case.
    (r"\b(cast|sum)\s+\(", r"\1("),
    (r",\s*\*\s+FROM\s+(\w+)", r", \1.* FROM \1"),
    (r"\)\s+CATALOG\b", ") catalog"),
    (r"\bAS\s+int\)", "AS signed)"),
]
TRANSLATIONS = {
    "postgres": [],
    "mysql": MYSQL,
    "mariadb": MYSQL + COLUMN_NAMES,
    # Dates are texts here.
    "sqlite": COLUMN_NAMES
    + [
        (r"cast\s*\(\s*('[0-9-]+'|d_date)\s+AS\s+date\s*\)", r"\1"),
        (r"\bdate\s+('[0-9-]+')", r"\1"),
        (r"extract\s*\(\s*year\s+FROM\s+(\w+)\s*\)", r"CAST(strftime('%Y', \1) AS INTEGER)"),
        (r"substring\s*\(\s*(\w+)\s+FROM\s+(\d+)\s+FOR\s+(\d+)\s*\)", r"substr(\1, \2, \3)"),
        # Operands of EXCEPT stand in no parentheses.
        (r"\((SELECT[^()]*)\)(?=\s+EXCEPT)", r"\1"),
        (r"(?<=EXCEPT)\s+\((SELECT[^()]*)\)", r" \1"),
    ],
}


def translated(query, engine):
    for expression, replacement in TRANSLATIONS[engine]:
        query = re.sub(expression, replacement, query, flags=re.IGNORECASE)
    return query


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
    written = {
        engine: [(number, translated(query, engine)) for number, query in queries] for engine in TRANSLATIONS
    }
    with open(os.path.join(into, f"{name}.json"), "w") as file:
        json.dump({"tables": tables, "queries": written}, file)
