"""Reads what Goldstar has left, and goes on with the real TinyDB: `roundtrip_go_on.py ROOT`.

Everything must be as it was, but for what ROOT/changes.json tells of.
"""

import json
import pathlib
import random as randomness
import sys

from tinydb import TinyDB, where
from werkzeug.security import check_password_hash

import values

# Their rows are Goldstar's own affair; their other tables aren't.
OWN = {"sessions.json", "idempotency_keys.json", "settings.json", "ended_requests.json"}
OWN |= {"request_details.json", "messages.json", "awards.json"}

root = pathlib.Path(sys.argv[1])
data = root / "data"
family = json.loads((root / "family.json").read_text())
changes = json.loads((root / "changes.json").read_text())
random = randomness.Random(f"{family['seed']} {family['round']}")


def check(before, after):
    assert before.keys() <= after.keys(), (before.keys(), after.keys())
    for name, old in before.items():
        if not name.endswith(".json"):
            assert old == after[name], name
            continue
        for table in (old | after[name]).keys() - {"_default"}:
            assert values.same(old[table], after[name][table]), (name, table)
        if name not in OWN:
            own = [change for change in changes if change["file"] == name]
            check_rows(name, own, old.get("_default", {}), after[name].get("_default", {}))


def check_rows(file, changes, old, new):
    added = {change["added"]: change.get("row") for change in changes if "added" in change}
    removed = {change["removed"] for change in changes if "removed" in change}
    fields = {}
    for change in changes:
        fields.setdefault(change.get("id"), {}).update(change.get("fields", {}))
    for number, row in old.items():
        if row.get("id") in removed:
            continue
        expected = row
        if changed := fields.get(row.get("id")):
            # What nobody can foretell must at least be another one.
            unforeseen = {name for name, value in changed.items() if value is None} | {"updated_at"}
            assert all(new[number][name] != row.get(name) for name in unforeseen), (file, row)
            expected = {**row, **changed, **{name: new[number][name] for name in unforeseen}}
        assert values.same(expected, new[number]), (file, expected, new[number])
    kept = {number for number, row in old.items() if row.get("id") not in removed}
    fresh = {row["id"]: row for number, row in new.items() if number not in kept}
    assert fresh.keys() == added.keys(), (file, fresh, added)
    assert all(values.same(row, fresh[id]) for id, row in added.items() if row), (file, fresh)
    last = max(map(int, kept), default=0)
    assert sorted(map(int, new.keys() - kept)) == list(range(last + 1, last + 1 + len(added))), file


def check_password(after):
    rows = after["users.json"]["_default"].values()
    hash = next(row["password"] for row in rows if row.get("id") == family["user"])
    assert check_password_hash(hash, family["password"]) and not check_password_hash(
        hash, "another"
    )


def insert(database, row):
    """Inserts a row, whose number must be the next one."""
    numbers = [document.doc_id for document in database]
    assert database.insert(row) == max(numbers, default=0) + 1


def go_on(name):
    """Uses one file as a Flask service does."""
    path = data / name
    # Raw UTF-8 has no form for half a character, and TinyDB would break off in the middle.
    with TinyDB(path, **values.style(random) | {"ensure_ascii": True}) as database:
        for table in database.tables():
            assert all(isinstance(dict(row), dict) for row in database.table(table))
        if name in OWN:
            return
        mark = f"python {family['round']}"
        row = {"id": f"{mark} {name}", "user_id": family["user"], **values.unknown_fields(random)}
        if name in ("children.json", "tasks.json", "rewards.json"):
            more = {"children.json": {}, "tasks.json": {"points": 4.0}, "rewards.json": {"cost": 9}}
            insert(database, {"name": "From Python", **row, **more[name]})
            database.update({"updated by": mark}, where("user_id") == family["user"])
            database.remove(where("id") == f"python {family['round'] - 2} {name}")
        elif name == "tracking_events.json":
            insert(database, event(row))
        elif name == "pending_rewards.json" and random.random() < 0.3:
            database.truncate()
        else:
            insert(database, {"any": values.any_value(random)})
        if random.random() < 0.5:
            database.table("made by TinyDB").insert({"any": values.any_value(random)})
        elif random.random() < 0.3:
            database.drop_table("made by TinyDB")
    if random.random() < 0.5:
        values.write(path, values.contents(path), random)


def event(row):
    own = {"child_id": family["child"], "entity_id": family["task"], "entity_type": "task"}
    points = {"action": "activated", "points_before": 1, "points_after": 6.0, "delta": 5}
    times = {
        "occurred_at": random.choice([1.76e9, "2026-01-05T11:11:44+01:00"]),
        "created_at": 1.76e9,
    }
    return {**row, **own, **points, **times}


after = values.read(data)
check(values.read(root / "before"), after)
if any(change["file"] == "users.json" for change in changes):
    check_password(after)
for name in sorted(after):
    if name.endswith(".json"):
        go_on(name)
(root / "family.json").write_text(json.dumps({**family, "round": family["round"] + 1}))
values.snapshot(root)
