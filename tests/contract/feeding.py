"""Real ids and passwords in generated requests: without them nothing but refusals would be seen."""

import zlib

from people import PASSWORD
from preparing import DAY, OF_GUESTS, PREPARE, SCHEDULE

# The operations after which a session or an account has ended, where they succeed.
ENDING = {"logOut", "changePassword", "beginChildSession", "markAccountForDeletion", "endAllSessions"}


def digest(case):
    """A number that is the same for the same request."""
    text = repr((case.operation.label, case.path_parameters, case.query, case.headers, case.body))
    return zlib.crc32(text.encode(errors="replace"))


# The first request of each operation that is meant to be right, by its digest.
first = {}


def is_fed(case):
    """Most of the requests that are meant to be right, and the first one of each operation, so that one succeeds."""
    if not case.meta.generation.mode.is_positive:
        return False
    is_first = first.setdefault(case.operation.label, digest(case)) == digest(case)
    return is_first or digest(case) % 4 != 0 or is_too_long(case)


# The operations whose days must follow each other.
OF_DAYS = {
    "getStatistics",
    "getServerStatistics",
    "getSchedule",
    "getFamilySchedule",
    "getFamilyStatistics",
}


# The fields for a password that an account may get: at least 8 characters, at most 256 bytes.
NEW_PASSWORDS = ("password", "new_password")


def is_too_long(case):
    """Whether a text has more bytes than it may, but no more characters: a schema can't count bytes."""
    email = text_of(case, "email").strip()
    local, _, domain = email.partition("@")
    texts = [(email, 254), (local, 64)] + [(label, 63) for label in domain.split(".")]
    texts += [(text_of(case, name), 256) for name in NEW_PASSWORDS]
    return any(bytes_of(text) > most for text, most in texts)


def is_beyond_patterns(character):
    """Whether no pattern can say where the character may stand: joiners and selectors need a visible
    character before them, and patterns name no characters beyond U+FFFF."""
    code = ord(character)
    joiners = code in (0x200C, 0x200D, 0x180F) or 0x180B <= code <= 0x180D or 0xFE00 <= code <= 0xFE0F
    beyond = 0x1BCA0 <= code <= 0x1BCA3 or 0x1D173 <= code <= 0x1D17A or 0xE0000 <= code <= 0xE0FFF
    return joiners or beyond


def replace_what_no_schema_names(case):
    """Replaces such characters in a body that is meant to be right, a parameter that only another one
    permits, names of time zones, pauses that overlap or end before they begin, days of statistics in
    another order, ranks whose thresholds do not rise, and badges whose fields do not fit each other."""

    def replaced(value):
        if isinstance(value, str):
            return "".join("x" if is_beyond_patterns(character) else character for character in value)
        if isinstance(value, list):
            return [replaced(item) for item in value]
        return value

    if not case.meta.generation.mode.is_positive:
        return
    if (case.query or {}).get("format") == "ndjson":
        case.query.pop("bom", None)
    if "tz" in (case.query or {}):
        case.query["tz"] = zone(case)
    if operation_id(case) in OF_DAYS and case.query:
        days = {"from": "2026-02-01", "to": "2026-02-28"}
        case.query = {name: days.get(name, value) for name, value in case.query.items()}
        if "from" in case.query:
            case.query["to"] = days["to"]
    if isinstance(case.body, dict):
        case.body = {name: replaced(value) for name, value in case.body.items()}
        if operation_id(case) in ("createBadge", "updateBadge"):
            case.body |= badge(case.body)
        if case.body.get("schedule") is not None:
            case.body["schedule"] = SCHEDULE
        if case.body.get("time_zone") is not None:
            case.body["time_zone"] = zone(case)
        if case.body.get("ranks"):
            case.body["ranks"] = [{"name": "Beginner", "threshold": 0}]
        if case.body.get("pauses"):
            case.body["pauses"] = [in_order(pause) for pause in case.body["pauses"][:1]]


def badge(body):
    """The fields of a badge that fit each other: rising thresholds, and no task or period."""
    fields = {"thresholds": sorted(body["thresholds"])} if "thresholds" in body else {}
    metric = {"metric": "tasks_done"} if "metric" in body else {}
    return fields | metric | {name: None for name in ("task_id", "period") if name in body}


def zone(case):
    """A time zone that exists: no schema names them all."""
    return ("UTC", "Europe/Berlin", "America/Sao_Paulo", "family")[digest(case) % (3 if case.body else 4)]


def in_order(pause):
    """The pause with its days in their order: a schema does not compare fields."""
    return pause | dict(zip(("from", "to"), sorted((pause["from"], pause["to"])), strict=True))


def put_codes(case, person):
    """Puts codes that can be used into a body that is meant to be right: others are refused with 400."""
    if not case.meta.generation.mode.is_positive or not isinstance(case.body, dict):
        return
    name = operation_id(case)
    if name in ("inspectDeviceCode", "pairDevice"):
        case.body["user_code"] = person.family.show_code()["user_code"]
    if name == "fetchDeviceSession":
        case.body["device_code"] = person.family.pair()[0]


def text_of(case, name):
    """A text in a request's body; empty where there is none."""
    value = case.body.get(name) if isinstance(case.body, dict) else None
    return value if isinstance(value, str) else ""


def bytes_of(text):
    return len(text.encode(errors="replace"))


def feed(case, person):
    """Puts what exists into a request, and sees to it that the request can succeed."""
    family, name = person.family, operation_id(case)
    if "Idempotency-Key" in (case.headers or {}):
        # The same key for two mutations is refused.
        case.headers["Idempotency-Key"] = f"{person.role}-{digest(case)}"
    for parameter in case.path_parameters or {}:
        case.path_parameters[parameter] = record(case.path, parameter, family)
    prepare = PREPARE.get(name)
    if prepare:
        prepare(case, person)
    if isinstance(case.body, dict):
        # Without it, whichever request is pending counts.
        case.body.pop("request_id", None)
        # Without it, sign-up is open.
        case.body.pop("invitation", None)
        known = fields(name, person)
        if is_too_long(case):
            known = dict.fromkeys(NEW_PASSWORDS, family.account["password"]) | known
        case.body = {field: known.get(field, value) for field, value in case.body.items()}


def operation_id(case):
    return case.operation.definition.raw["operationId"]


def record(path, parameter, family):
    """The id that a parameter of a path stands for."""
    if parameter == "id":
        parameter = path.split("/")[1]
    kinds = {
        "child": family.child,
        "children": family.child,
        "tasks": family.task,
        "task_id": family.task,
        "rewards": family.reward,
        "reward_id": family.reward,
        "badges": family.badge,
        "webhooks": family.webhook,
        # Not marked for deletion; what needs a marked account prepares one.
        "user_id": family.id,
        # What needs a session or an event prepares one.
        "auth": "x",
        "family": "x",
        "tokens": "x",
        "event_id": "x",
        "kind": "rank",
        "certificate_id": "1",
        "file": "page.js",
        "picture": "tasks_done-2.svg",
        "feed": family.calendar,
        # What needs one prepares one.
        "feed_id": "x",
        "delivery_id": "x",
        "device_id": "x",
    }
    return kinds[parameter]


def fields(name, person):
    """What fields of a body must hold for that operation to succeed."""
    family = person.family
    if name == "restoreAccount":
        return person.leaving.account
    if name == "transferFamily":
        return {"member_id": person.heir, "password": PASSWORD}
    if name in ("signUp", "createManagedAccount", "updateManagedAccount"):
        return {"email": f"{person.role}-{next(person.numbers)}@example.org"}
    if name in ("createBadge", "updateBadge"):
        # Their rules concern several fields.
        return {"metric": "tasks_done", "task_id": None, "thresholds": [5, 25], "period": None}
    return family.account | {
        "current_password": family.account["password"],
        "child_id": family.child,
        # Other requests must still succeed.
        "limit": {"count": 100, "per": "day"},
        "schedule": SCHEDULE,
        "date": DAY,
        "task_id": family.task,
        "reward_id": family.reward,
        # Which URLs are valid depends on the settings.
        "url": "https://goldstar.invalid/",
        # Only administrators have others, and an end depends on the clock.
        "scopes": ["read"],
        "expires_at": None,
    }


def is_operation(case):
    """Whether the method is the operation's own: others are tried at its address, too."""
    return case.method.upper() == case.operation.method.upper()


def tidy(case, person, response):
    """Undoes what would keep later requests from succeeding."""
    name = operation_id(case)
    if name in OF_GUESTS:
        person.log_in()
    if not is_operation(case) or response.status_code // 100 != 2:
        return
    if name == "changePassword":
        person.family.account["password"] = case.body["new_password"]
    if name == "createBadge":
        # A family can have only some of its own.
        badge = response.json()["badge"]["id"]
        person.family.ask("DELETE", f"/badges/{badge}")
    if name == "createCalendarFeed":
        # A child can have only some.
        feed = response.json()["feed"]["id"]
        person.family.ask("DELETE", f"/children/{person.family.child}/calendar-feeds/{feed}")
    if name == "createWebhook":
        # A family can have only some.
        webhook = response.json()["webhook"]["id"]
        person.family.ask("DELETE", f"/webhooks/{webhook}")
    if name == "createToken":
        # An account can have only some.
        token = response.json()["token"]["id"]
        person.family.ask("DELETE", f"/tokens/{token}")
    if name == "createInvitation":
        # A family can have only some.
        invitation = response.json()["invitation"]["id"]
        person.family.ask("DELETE", f"/family/invitations/{invitation}")
    if name == "pairDevice":
        # A child can have only some.
        device = response.json()["device"]["id"]
        person.family.ask("DELETE", f"/children/{person.family.child}/devices/{device}")
    if name in ENDING:
        person.log_in()
