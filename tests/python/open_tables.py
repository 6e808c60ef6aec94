"""Opens every file of each data directory with TinyDB, and reads all of its rows.

Prints how many rows there are in all: one line a directory.
"""

import pathlib
import sys

from tinydb import TinyDB


def count(path):
    with TinyDB(path, access_mode="r") as database:
        return sum(len(database.table(name).all()) for name in database.tables())


for folder in sys.argv[1:]:
    print(sum(count(path) for path in sorted(pathlib.Path(folder).glob("*.json"))))
