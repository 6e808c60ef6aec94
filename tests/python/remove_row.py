"""Removes the row with an id from a TinyDB file, as a Flask service would."""

import sys

from tinydb import TinyDB, where

with TinyDB(sys.argv[1]) as database:
    removed = database.remove(where("id") == str(sys.argv[2]))
    assert len(removed) == 1, removed
