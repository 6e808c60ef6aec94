"""Real ids and passwords in generated requests: without them nothing but refusals would be seen."""

import zlib

from people import PASSWORD, invite

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
# A schedule, whose rules concern several fields, and a day on which the task recurs.
SCHEDULE = {"who": "all", "every": "day"}
DAY = "2100-01-01"


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
    }


def new_record(kind):
    """For what deletes one: the others are still needed."""

    def prepare(case, person):
        case.path_parameters["id"] = person.family.make(kind)

    return prepare


def mutation(name):
    """For what another mutation of the same reward must precede. Other requests may have made the family's reward
    expensive, or taken the child's points."""

    def prepare(case, person):
        family = person.family
        family.ask("POST", f"/children/{family.child}/points/adjust", json={"delta": 1000, "note": "More"})
        family.reward = family.make("rewards")
        if "reward_id" in (case.path_parameters or {}):
            case.path_parameters["reward_id"] = family.reward
        family.ask("POST", f"/children/{family.child}/rewards/{family.reward}/{name}")

    return prepare


def new_task(case, person):
    """Another request may have made the family's task a penalty."""
    case.path_parameters["task_id"] = person.family.make("tasks")


def scheduled_task(case, person):
    new_task(case, person)
    path = f"/tasks/{case.path_parameters['task_id']}"
    person.family.ask("PATCH", path, json={"schedule": SCHEDULE})
    if case.query:
        case.query = {name: DAY if name == "date" else value for name, value in case.query.items()}


def new_task_request(case, person):
    new_task(case, person)
    family, task = person.family, case.path_parameters["task_id"]
    family.ask("POST", f"/children/{family.child}/tasks/{task}/request")


def another_session(case, person):
    """The oldest session of the family; a later one is the role's own."""
    person.family.log_in()
    sessions = person.family.ask("GET", "/auth/sessions").json()["sessions"]
    others = [session["id"] for session in sessions if session["scope"] == "parent"]
    case.path_parameters["id"] = others[-1]
    person.log_in()


def new_event(case, person):
    family = person.family
    path = f"/children/{family.child}/tasks/{family.task}/activate"
    case.path_parameters["event_id"] = family.ask("POST", path).json()["tracking_event"]["id"]


def new_feed(case, person):
    # A child can have only some, and who may not delete one leaves it.
    is_new = person.role in ("parent", "admin")
    case.path_parameters["feed_id"] = person.family.make_feed()["id"] if is_new else person.family.feed


def new_webhook(case, person):
    # A family can have only some, and who may not delete one leaves it.
    if person.role in ("parent", "admin"):
        case.path_parameters["id"] = person.family.make("webhooks")


def sent_delivery(case, person):
    case.path_parameters["delivery_id"] = person.family.make_delivery()


def new_device(case, person):
    case.path_parameters["device_id"] = person.family.pair()[1]


def may_invite(person):
    return person.role in ("parent", "admin")


def invitation(case, person):
    if isinstance(case.body, dict):
        case.body["secret"] = person.family.invite()


def open_invitation(case, person):
    if may_invite(person):
        person.family.invite()
        (found,) = person.family.ask("GET", "/family/invitations").json()["invitations"]
        case.path_parameters["id"] = found["id"]


def as_guest(case, person):
    """Only an account with an empty family can join another one."""
    invitation(case, person)
    if may_invite(person):
        person.token = person.guest()


def new_member(case, person):
    family = person.family
    if may_invite(person):
        # A family can have only some.
        for member in family.ask("GET", "/family/members").json()["members"][1:]:
            family.ask("DELETE", f"/family/members/{member['id']}")
        case.path_parameters["id"] = person.join(family.token, family.invite())[1]


def as_member(_case, person):
    """The owner of a family can't leave it."""
    if may_invite(person):
        owner = person.guest()
        person.token = person.join(owner, invite(person.family.url, owner))[0]


def as_another_owner(_case, person):
    """The role's own account is still needed."""
    if may_invite(person):
        owner = person.guest()
        person.heir = person.join(owner, invite(person.family.url, owner))[1]
        person.token = owner


# The operations that guests ask for.
OF_GUESTS = {"acceptInvitation", "leaveFamily", "transferFamily"}


def device_cookie(case, person):
    case.cookies = {"session_device": person.family.device_cookie()}


def certificate(_case, person):
    """The first rank is reached with the first event."""
    family = person.family
    family.ask("POST", f"/children/{family.child}/tasks/{family.task}/activate")


def reset_link(case, person):
    """A new link to an account that nobody logs in to."""
    if isinstance(case.body, dict):
        case.body["secret"] = person.reset_secret()


def mark_leaving(_case, person):
    person.leaving.log_in()
    person.leaving.mark_for_deletion()


def mark_leaving_in_path(case, person):
    mark_leaving(case, person)
    case.path_parameters["user_id"] = person.leaving.id


def mark_another_in_path(case, person):
    if person.role == "admin":
        gone = person.another_leaving()
        gone.mark_for_deletion()
        case.path_parameters["user_id"] = gone.id


def active_in_path(case, person):
    """Somebody else's account: the sessions of the role's own one are still needed."""
    if person.role == "admin":
        case.path_parameters["user_id"] = person.another_leaving().id


PREPARE = {
    "getAccount": active_in_path,
    "deleteAccount": active_in_path,
    "markAccount": active_in_path,
    "unmarkManagedAccount": mark_another_in_path,
    "endSessionsOfAccount": active_in_path,
    "updateManagedAccount": active_in_path,
    "promoteAccount": active_in_path,
    "demoteAccount": active_in_path,
    "setPasswordOfAccount": active_in_path,
    "unmarkAccount": mark_leaving_in_path,
    "runDeletion": mark_another_in_path,
    "deleteChild": new_record("children"),
    "deleteTask": new_record("tasks"),
    "deleteReward": new_record("rewards"),
    "deleteBadge": new_record("badges"),
    "deleteCalendarFeed": new_feed,
    "deleteWebhook": new_webhook,
    "resendWebhookDelivery": sent_delivery,
    "removeDevice": new_device,
    "chooseDeviceChild": device_cookie,
    "showInvitation": invitation,
    "acceptInvitation": as_guest,
    "revokeInvitation": open_invitation,
    "updateMember": new_member,
    "removeMember": new_member,
    "createResetLinkOfMember": new_member,
    "leaveFamily": as_member,
    "transferFamily": as_another_owner,
    "requestReward": mutation("cancel"),
    "requestRewardLegacy": mutation("cancel"),
    "redeemReward": mutation("cancel"),
    "redeemRewardLegacy": mutation("cancel"),
    "cancelReward": mutation("request"),
    "cancelRewardLegacy": mutation("request"),
    "requestTask": new_task,
    "cancelTask": new_task_request,
    "activateTask": new_task_request,
    "skipTask": scheduled_task,
    "undoSkip": scheduled_task,
    "reverseTrackingEvent": new_event,
    "getCertificate": certificate,
    "endSession": another_session,
    "restoreAccount": mark_leaving,
    "resetPassword": reset_link,
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
