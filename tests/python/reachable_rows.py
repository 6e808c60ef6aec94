"""Prints every row that Python's own JSON parser can still reach in the files of a data directory.

Wherever `"<number>": {` stands, be the number damaged, the object behind it is parsed; it is a row where it has the fields of
its file's records. What lies in a row isn't one, unless the row has swallowed it since its brace is
gone; such a row isn't one itself. The rows come as {"file": [{...}, ...]}.
"""

import json
import pathlib
import re
import sys

FIELDS = {
    "users.json": {"id", "email"},
    "children.json": {"id", "user_id", "points"},
    "tasks.json": {"id", "points"},
    "rewards.json": {"id", "cost"},
    "pending_rewards.json": {"id", "child_id", "reward_id"},
    "sessions.json": {"token_sha256", "user_id"},
    "idempotency_keys.json": {"user_id", "key", "event_row"},
    "settings.json": {"name", "value"},
    "tracking_events.json": {"id", "child_id", "entity_type", "action"},
}
ROW = re.compile(r'"\d\w*"\s*:\s*(?=\{)')
DECODER = json.JSONDecoder()


def rows(text, fields):
    def is_row(value):
        return isinstance(value, dict) and fields <= value.keys()

    end = 0
    for start in ROW.finditer(text):
        if start.start() < end:
            continue
        try:
            row, after = DECODER.raw_decode(text, start.end())
        except (ValueError, RecursionError):
            continue
        if not is_row(row) or any(name.isdigit() and is_row(row[name]) for name in row):
            continue
        # Bytes that were no UTF-8: Python opens no file that has them.
        if not re.search("[\udc80-\udcff]", text[start.start() : after]):
            yield row
        end = after


folder = pathlib.Path(sys.argv[1])
found = {}
for name, fields in FIELDS.items():
    path = folder / name
    if path.exists():
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        found[name] = list(rows(text, fields))
json.dump(found, sys.stdout)
