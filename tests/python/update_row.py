"""Updates the row with an id in a TinyDB file, as a Flask service would: the fields are read from
standard input."""

import json
import sys

from tinydb import TinyDB, where

with TinyDB(sys.argv[1]) as database:
    updated = database.update(json.load(sys.stdin), where("id") == str(sys.argv[2]))
    assert len(updated) == 1, updated
