"""Opens every file of a data directory with TinyDB and prints all of its rows as one JSON object.

The rows come as TinyDB hands them out: {"file": {"table": {"row number": {...}}}}.
"""

import json
import pathlib
import sys

from tinydb import TinyDB


def rows(path):
    with TinyDB(path, access_mode="r") as database:
        return {
            name: {str(row.doc_id): dict(row) for row in database.table(name)}
            for name in database.tables()
        }


folder = pathlib.Path(sys.argv[1])
found = {path.name: rows(path) for path in sorted(folder.glob("*.json"))}
json.dump(found, sys.stdout)
