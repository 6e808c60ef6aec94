"""Uses a running Goldstar as a family does: `roundtrip_use.py ROOT ADDRESS`.

Every answer is held against the rows that Python had written. What must have changed afterwards is
noted in ROOT/changes.json.
"""

import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

import values

root, address = pathlib.Path(sys.argv[1]), sys.argv[2]
family = json.loads((root / "family.json").read_text())
before = values.read(root / "before")
changes = []
LISTS = {
    "children": "children",
    "tasks": "tasks",
    "rewards": "rewards",
    "rewards/pending": "pending_rewards",
}
KNOWN = {
    "id",
    "user_id",
    "status",
    "child_id",
    "reward_id",
    "child_name",
    "reward_name",
    "name",
    "age",
}
KNOWN |= {"points", "cost", "is_good", "description", "tasks", "rewards", "image_id"}
KNOWN |= {"created_at", "updated_at", "first_name", "last_name", "email", "role"}
SECRET = {"password", "pin", "pin_setup_code"}
# Goldstar has fields with these names, in files of its own.
ADDED = {
    "children": {"colour", "goal_reward_id", "reserved"},
    "tasks": {"requestable", "icon", "limit"},
    "rewards": {"icon"},
    "pending_rewards": {"cost"},
}


def no_number(word):
    raise ValueError(f"{word} is no JSON")


class Client:
    cookie = family.get("cookie", "")

    def ask(self, method, path, body=None, expect=(200, 201, 204)):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Cookie": self.cookie}
        request = urllib.request.Request(address + path, data, headers, method=method)
        try:
            response = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
        except urllib.error.HTTPError as error:
            response = error
        answer = response.read().decode()
        assert response.status in expect, (method, path, response.status, answer)
        cookie = response.headers.get("Set-Cookie")
        self.cookie = cookie.split(";")[0] if cookie else self.cookie
        return json.loads(answer, parse_constant=no_number) if answer else None


client = Client()


def path(*parts):
    return "/" + "/".join(urllib.parse.quote(part, safe="") for part in parts)


def own_rows(table):
    """The rows of the family, and those that are offered to every family."""
    shared = [None] if table in ("tasks", "rewards") else []
    found = values.rows(before, f"{table}.json").values()
    return {
        row["id"]: row
        for row in found
        if "id" in row and row.get("user_id") in [family["user"], *shared]
    }


def check_record(record, row, unknown, added=frozenset()):
    for name in unknown:
        if not values.SURROGATE.search(name):
            assert values.same(record[name], values.answered(row[name])), (record, name, row[name])
    for name in {"points", "cost"} - added:
        assert record.get(name, 0) == (row.get(name) or 0), (record, row)


def check_answers():
    for route, table in LISTS.items():
        listed = {record["id"]: record for record in client.ask("GET", f"/{route}")[table]}
        rows = own_rows(table)
        assert listed.keys() == rows.keys(), (route, listed, rows)
        for id, record in listed.items():
            added = ADDED[table]
            check_record(record, rows[id], rows[id].keys() - KNOWN - SECRET - added, added)
    me = client.ask("GET", "/auth/me")["user"]
    found = values.rows(before, "users.json").values()
    row = next(row for row in found if row.get("id") == family["user"])
    assert not me.keys() & SECRET, me
    # The operator has listed no other field of an account.
    check_record(me, row, row.keys() & {"verified"})
    check_history()


def check_history():
    events, total = [], 1
    while len(events) < total:
        page = client.ask(
            "GET", path("children", family["child"], "tracking") + f"?limit=3&offset={len(events)}"
        )
        events, total = events + page["tracking_events"], page["total"]
    found = values.rows(before, "tracking_events.json").values()
    rows = [
        row
        for row in found
        if row.get("child_id") == family["child"] and row.get("user_id") == family["user"]
    ]
    assert len(events) == len(rows), (events, rows)
    answered = {row["id"]: values.answered(row) for row in rows}
    assert all(values.same(event, answered[event["id"]]) for event in events)


def act(*parts, expect=(200,)):
    answer = client.ask("POST", path(*parts), expect=expect)
    if "tracking_event" in answer:
        changes.append(
            {
                "file": "tracking_events.json",
                "added": answer["tracking_event"]["id"],
                "row": answer["tracking_event"],
            }
        )
        change("children.json", family["child"], points=answer["child"]["points"])
    return answer


def change(file, id, **fields):
    changes.append({"file": file, "id": id, "fields": fields})


def make(plural, singular, **fields):
    record = client.ask("POST", f"/{plural}", fields)[singular]
    changes.append({"file": f"{plural}.json", "added": record["id"]})
    return record["id"]


def ask_for_reward(round):
    """Requests, cancels and redeems in turn, each on what the rounds before it have left."""
    child, reward = family["child"], family["reward"]
    waiting = [
        row["id"]
        for row in own_rows("pending_rewards").values()
        if (row["child_id"], row["reward_id"]) == (child, reward)
    ]
    verb = ["request", "cancel", "redeem"][round % 3]
    refused = bool(waiting) if verb == "request" else verb == "cancel" and not waiting
    act("children", child, "rewards", reward, verb, expect=(409,) if refused else (200,))
    if verb == "request" and not refused:
        pending = client.ask("GET", "/rewards/pending")["pending_rewards"]
        own = next(record for record in pending if record["reward_id"] == reward)
        changes.append({"file": "pending_rewards.json", "added": own["id"]})
    elif verb != "request":
        changes.extend({"file": "pending_rewards.json", "removed": id} for id in waiting)


round = family["round"]
if not client.cookie:
    login = {"email": family["email"].upper(), "password": family["password"]}
    client.ask("POST", "/auth/login", login)
check_answers()
act("children", family["child"], "tasks", family["task"], "activate")
act("children", family["child"], "tasks", family["penalty"], "activate")
ask_for_reward(round)
name = f"Mía {round} \U0001f415"
client.ask("PATCH", path("children", family["child"]), {"name": name})
change("children.json", family["child"], name=name)
if "made" in family:
    client.ask("DELETE", path("tasks", family["made"]))
    changes.append({"file": "tasks.json", "removed": family["made"]})
family["made"] = make("tasks", "task", name="Neu", points=3, is_good=False)
make("children", "child", name="Another", age=3)
if round == 2:
    new_password = "neues Paßwort \U0001f511"
    passwords = {"current_password": family["password"], "new_password": new_password}
    client.ask("PUT", "/auth/password", passwords)
    change("users.json", family["user"], password=None)
    family["password"] = new_password
family["cookie"] = client.cookie
(root / "family.json").write_text(json.dumps(family))
(root / "changes.json").write_text(json.dumps(changes))
