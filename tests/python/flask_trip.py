"""Uses every table of the Flask service as that service does: `flask_trip.py DATA`.

Each row is rewritten with the fields that the service knows, and a new row is inserted. The ids of rows to
remove are read from standard input: `{"tasks": ["…"]}`.
"""

import json
import pathlib
import sys

from tinydb import TinyDB, where

KNOWN = {
    "users": "id first_name last_name email password role verified image_id created_at updated_at",
    "children": "id user_id name age points tasks rewards image_id created_at updated_at",
    "tasks": "id user_id name points is_good image_id created_at updated_at",
    "rewards": "id user_id name description cost image_id created_at updated_at",
    "pending_rewards": "id user_id child_id reward_id status child_name reward_name created_at",
}



def rewrite(fields):
    def with_known(row):
        for field in set(row) - set(fields):
            del row[field]

    return with_known


removed = json.load(sys.stdin)
for name, fields in KNOWN.items():
    path = pathlib.Path(sys.argv[1], f"{name}.json")
    with TinyDB(path, ensure_ascii=False) as database:
        for id in removed.get(name, []):
            assert database.remove(where("id") == id), (name, id)
        database.update(rewrite(fields.split()))
        database.insert({"id": f"flask-{name}", "user_id": "nobody", "name": "From Flask"})
