"""A sane Flask + TinyDB service that does for an activation what Goldstar does.

    gunicorn --workers 1 --threads 8 "app:create_app('DATA', 'LOGS')"

One process, since TinyDB's files stand no second writer, and a lock a table, since its tables
stand no second thread.
"""

import json
import logging
import secrets
import threading
import uuid
from collections import defaultdict
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import Full, Queue
from typing import Any, Iterator

from flask import Flask, Response, g, jsonify, request
from tinydb import Query, TinyDB
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized
from werkzeug.security import check_password_hash

Row = dict[str, Any]


class Table:
    """One TinyDB file."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.Lock()
        self.rows = TinyDB(path)

    def find(self, **fields: str) -> Row | None:
        with self.lock:
            return self.rows.get(Query().fragment(fields))


class AuditLogs:
    """A rotating file an account."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.loggers: dict[str, logging.Logger] = {}

    def of(self, user_id: str) -> logging.Logger:
        with self.lock:
            if user_id not in self.loggers:
                path = self.folder / f"tracking_user_{user_id}.log"
                handler = RotatingFileHandler(path, maxBytes=10_485_760, backupCount=5)
                handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
                logger = logging.Logger(user_id, logging.INFO)
                logger.addHandler(handler)
                self.loggers[user_id] = logger
            return self.loggers[user_id]


class Hub:
    """The event streams of each account."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.queues: dict[str, list[Queue[str]]] = defaultdict(list)

    def subscribe(self, user_id: str) -> Queue[str]:
        queue: Queue[str] = Queue(maxsize=256)
        with self.lock:
            self.queues[user_id].append(queue)
        return queue

    def leave(self, user_id: str, queue: Queue[str]) -> None:
        with self.lock:
            # One that was full has been left before.
            if queue in self.queues[user_id]:
                self.queues[user_id].remove(queue)

    def publish(self, user_id: str, frame: str) -> None:
        with self.lock:
            queues = list(self.queues.get(user_id, ()))
        for queue in queues:
            try:
                queue.put_nowait(frame)
            except Full:
                self.leave(user_id, queue)


def activation(user: Row, child: Row, task: Row, points: int) -> Row:
    """The tracking event of an activation that leaves the child `points`."""
    now = datetime.now(timezone.utc).isoformat()
    return {
        "id": str(uuid.uuid4()),
        "user_id": user["id"],
        "child_id": child["id"],
        "entity_type": "task" if task["is_good"] else "penalty",
        "entity_id": task["id"],
        "action": "activated",
        "points_before": child["points"],
        "points_after": points,
        "delta": points - child["points"],
        "occurred_at": now,
        "created_at": now,
        "metadata": {"name": task["name"], "points": task["points"], "actor": "parent"},
    }


def create_app(data: str, logs: str) -> Flask:
    app = Flask(__name__)
    folder = Path(data)
    users = Table(folder / "users.json")
    children = Table(folder / "children.json")
    tasks = Table(folder / "tasks.json")
    tracking = Table(folder / "tracking_events.json")
    audit_logs = AuditLogs(Path(logs))
    hub = Hub()
    sessions: dict[str, str] = {}

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description), error.code or 500

    @app.before_request
    def check_session() -> None:
        if request.endpoint == "login":
            return
        user = users.find(id=sessions.get(request.cookies.get("session", ""), ""))
        if user is None:
            raise Unauthorized("log in")
        g.user = user

    @app.post("/auth/login")
    def login() -> Response:
        given = request.get_json()
        user = users.find(email=given["email"])
        if user is None or not check_password_hash(user["password"], given["password"]):
            raise Unauthorized("no such account, or another password")
        token = secrets.token_hex(32)
        sessions[token] = user["id"]
        answer = jsonify(user={"id": user["id"], "email": user["email"]})
        answer.set_cookie("session", token, httponly=True, samesite="Lax")
        return answer

    @app.post("/children/<child_id>/tasks/<task_id>/activate")
    def activate(child_id: str, task_id: str) -> Response:
        task = tasks.find(id=task_id)
        if task is None or task["user_id"] not in (None, g.user["id"]):
            raise NotFound("no such task")
        # The points are read and written under one lock, so that no activation is lost.
        with children.lock:
            child = children.rows.get(Query().fragment({"id": child_id, "user_id": g.user["id"]}))
            if child is None:
                raise NotFound("no such child")
            change = task["points"] if task["is_good"] else -task["points"]
            points = max(0, child["points"] + change)
            event = activation(g.user, child, task, points)
            children.rows.update({"points": points}, doc_ids=[child.doc_id])
        with tracking.lock:
            tracking.rows.insert(event)
        told = " ".join(f"{name}={value}" for name, value in event.items() if name != "metadata")
        audit_logs.of(g.user["id"]).info(told)
        answer = jsonify(child={**child, "points": points}, tracking_event=event)
        data = json.dumps({"type": "tracking_event_created", "payload": event})
        hub.publish(g.user["id"], f"event: tracking_event_created\ndata: {data}\n\n")
        return answer

    @app.get("/events")
    def events() -> Response:
        user_id = g.user["id"]

        def frames() -> Iterator[str]:
            queue = hub.subscribe(user_id)
            try:
                while True:
                    yield queue.get()
            finally:
                hub.leave(user_id, queue)

        return Response(frames(), mimetype="text/event-stream")

    return app
