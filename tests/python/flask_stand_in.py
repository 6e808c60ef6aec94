"""Stands in for a Flask service: werkzeug and TinyDB, as that has them, on a data directory.

    flask_stand_in.py <data directory>

Prints its port once it listens. Its session is a cookie named `session`, as Flask's is. What the real
service's routes are is not known; these are for telling it from Goldstar, and for changing something:

    POST /api/login {email, password}
    GET  /api/children                              the family's, with their points
    POST /api/child/<child_id>/trigger-task {task_id}
"""

import json
import logging
import pathlib
import secrets
import sys

from tinydb import TinyDB, where
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized
from werkzeug.routing import Map, Rule
from werkzeug.security import check_password_hash
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

DATA = pathlib.Path(sys.argv[1])
ROUTES = Map([
    Rule("/api/login", endpoint="log_in", methods=["POST"]),
    Rule("/api/children", endpoint="children", methods=["GET"]),
    Rule("/api/child/<child_id>/trigger-task", endpoint="trigger_task", methods=["POST"]),
])
sessions = {}


def table(name):
    return TinyDB(DATA / f"{name}.json", ensure_ascii=False)


def answer(body):
    return Response(json.dumps({"service": "flask", **body}), mimetype="application/json")


def log_in(request):
    given = request.get_json()
    user = table("users").get(where("email") == given["email"])
    if user is None or not check_password_hash(user["password"], given["password"]):
        raise Unauthorized
    token = secrets.token_hex()
    sessions[token] = user["id"]
    response = answer({})
    response.set_cookie("session", token, httponly=True, path="/")
    return response


def owner(request):
    user_id = sessions.get(request.cookies.get("session"))
    if user_id is None:
        raise Unauthorized
    return user_id


def children(request):
    rows = table("children").search(where("user_id") == owner(request))
    return answer({"points": {row["id"]: row["points"] for row in rows}})


def trigger_task(request, child_id):
    user_id = owner(request)
    task = table("tasks").get(where("id") == request.get_json()["task_id"])
    own = (where("id") == child_id) & (where("user_id") == user_id)
    child = table("children").get(own)
    if task is None or child is None:
        raise NotFound
    points = child["points"] + (task["points"] if task["is_good"] else -task["points"])
    table("children").update({"points": points}, own)
    return answer({"points": points})


@Request.application
def application(request):
    try:
        endpoint, arguments = ROUTES.bind_to_environ(request.environ).match()
        return globals()[endpoint](request, **arguments)
    except HTTPException as error:
        return error


# Its tests say what went wrong.
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, application, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
