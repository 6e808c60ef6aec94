"""Empties TinyDB files: `empty_tables.py truncate|drop FILE…`."""

import sys

from tinydb import TinyDB

for path in sys.argv[2:]:
    with TinyDB(path) as database:
        database.truncate() if sys.argv[1] == "truncate" else database.drop_tables()
