"""Appends one row to a TinyDB file, as a Flask service would: the row is read from standard input.

Prints the number that TinyDB gave the row.
"""

import json
import sys

from tinydb import TinyDB

with TinyDB(sys.argv[1]) as database:
    print(database.insert(json.load(sys.stdin)))
