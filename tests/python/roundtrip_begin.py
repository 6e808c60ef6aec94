"""Makes a data directory as a Flask service may have left it: `roundtrip_begin.py ROOT SEED`.

With the seed 0 the directory lies there already, and only what is to be known of it is noted. What
the other steps of the round trip need is kept in ROOT/family.json.
"""

import json
import pathlib
import random as randomness
import sys
import uuid

from werkzeug.security import generate_password_hash

import values

METHODS = [
    "scrypt:1024:8:1",
    "scrypt:2048:4:2",
    "pbkdf2:sha256:1000",
    "pbkdf2:sha1:500",
    "pbkdf2:sha512:200",
    "pbkdf2:sha384:100",
    "pbkdf2:sha224:100",
]


class Directory:
    def __init__(self, folder, random):
        self.folder, self.random = folder, random
        folder.mkdir()

    def id(self):
        new = uuid.UUID(int=self.random.getrandbits(128))
        return self.random.choice([str(new), new.hex, f"id {new.hex[:6]} é"])

    def time(self):
        seconds = 1.76e9 + self.random.randrange(10**7)
        forms = ["2026-01-05T11:11:44Z", "2026-01-05T16:38:44.496741+00:00", "2026-01-06 00:26:44"]
        forms += ["2026-01-05T13:00:00+05:30", "2026-01-05T13:00:00.5-0800"]
        return self.random.choice([seconds, seconds + 0.25, int(seconds), *forms])

    def whole(self, number):
        return self.random.choice([number, number, float(number)])

    def record(self, required, optional):
        """A row: some optional fields are missing or null, some unknown ones there."""
        random = self.random
        row = dict(required)
        for name, value in optional.items():
            if random.random() < 0.7:
                row[name] = None if random.random() < 0.2 else value
        row |= values.unknown_fields(random)
        names = list(row)
        random.shuffle(names)
        return {name: row[name] for name in names}

    def table(self, name, rows):
        """Writes rows with gaps in their numbers, some of them no records, between other tables."""
        random = self.random
        rows += [{}, {"what": values.any_value(random)}][: random.randrange(3)]
        numbers = sorted(random.sample(range(1, 3 * len(rows) + 2), len(rows)))
        default = {str(number): row for number, row in zip(numbers, rows)}
        tables = [("_default", default)] if rows or random.random() < 0.5 else []
        for other in random.sample(["badges", "Größe", "old \udc00"], random.randrange(3)):
            tables.append((other, {"3": values.unknown_fields(random), "1": {}}))
        random.shuffle(tables)
        path = self.folder / name
        if tables or random.random() < 0.5:
            values.write(path, dict(tables), random)
        else:
            path.touch()

    def fill(self):
        random = self.random
        random_password = "pass wörd " + str(random.randrange(10**6))
        family = {"email": "Parent@Example.org", "password": random_password, "user": self.id()}
        family |= {name: self.id() for name in ("child", "task", "penalty", "reward")}
        self.users(family)
        own = {"user_id": family["user"]}
        times = {"created_at": self.time(), "updated_at": self.time(), "image_id": "boy01"}
        child = {"id": family["child"], "points": self.whole(500), **own}
        more = {"name": "Mía", "age": 7, "tasks": [family["task"]], "rewards": [], **times}
        siblings = [self.record({"id": self.id(), **own}, {**more, "points": 5}) for _ in range(2)]
        self.table("children.json", [*siblings, self.record(child, more)])
        good, bad = random.choice([(True, False), (1, 0)])
        named = {"name": values.text(random), **times}
        tasks = [
            {"id": family["task"], "points": self.whole(5), "is_good": good},
            {"id": family["penalty"], "points": self.whole(8), "is_good": bad, **own},
        ]
        self.table("tasks.json", [self.record(task, named) for task in tasks])
        reward = {"id": family["reward"], "cost": self.whole(20), **own}
        self.table("rewards.json", [self.record(reward, {**named, "description": "sweet"})])
        waiting = {"child_id": family["child"], "reward_id": self.id(), **own}
        pending = self.record({"id": self.id(), **waiting}, {"status": "pending", **times})
        self.table("pending_rewards.json", [pending][: random.randrange(2)])
        self.table("tracking_events.json", [self.event(family) for _ in range(random.randrange(9))])
        self.table("images.json", [values.unknown_fields(random)])
        (self.folder / "notes.txt").write_bytes(b"\xff any bytes")
        return family

    def users(self, family):
        random = self.random
        method = random.choice(METHODS)
        user = {"id": family["user"], "email": family["email"]}
        user["password"] = generate_password_hash(family["password"], method)
        other = {"id": self.id(), "email": "other@example.org", "password": user["password"]}
        optional = {"first_name": "Zoë", "last_name": "\ud83d", "role": "parent", "verified": True}
        optional |= {"pin": "1234", "created_at": self.time(), "marked_for_deletion": False}
        self.table("users.json", [self.record(row, optional) for row in (other, user)])

    def event(self, family):
        event = {
            "id": self.id(),
            "user_id": family["user"],
            "child_id": family["child"],
            "entity_type": "task",
            "entity_id": family["task"],
            "action": "activated",
            "points_before": self.whole(0),
            "points_after": self.whole(5),
            "delta": 5,
            "occurred_at": self.time(),
        }
        return self.record(event, {"created_at": self.time(), "metadata": {"task_name": "\ud83d"}})


def of_fixture(folder):
    files = values.read(folder)
    user = files["users.json"]["_default"]["1"]
    rows = {
        name: files[f"{name}.json"]["_default"].values()
        for name in ("children", "tasks", "rewards")
    }
    own = {
        name: [row for row in found if row.get("user_id") in (None, user["id"])]
        for name, found in rows.items()
    }
    return {
        "email": user["email"],
        "password": "correct horse 0",
        "user": user["id"],
        "child": max(own["children"], key=lambda row: row["points"])["id"],
        "task": next(row["id"] for row in own["tasks"] if row["is_good"]),
        "penalty": next(row["id"] for row in own["tasks"] if not row["is_good"]),
        "reward": next(row["id"] for row in own["rewards"]),
    }


root, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
folder = root / "data"
family = Directory(folder, randomness.Random(seed)).fill() if seed else of_fixture(folder)
(root / "family.json").write_text(json.dumps({**family, "seed": seed, "round": 0}))
values.snapshot(root)
