"""What must exist before a request of an operation can succeed."""

from people import invite

# A schedule, whose rules concern several fields, and a day on which the task recurs.
SCHEDULE = {"who": "all", "every": "day"}
DAY = "2100-01-01"


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


def new_token(case, person):
    # An account can have only some, and who may not revoke one leaves it.
    if person.role in ("parent", "admin"):
        token = {"name": "Program", "scopes": ["read"], "password": person.family.account["password"]}
        answer = person.family.ask("POST", "/tokens", json=token)
        case.path_parameters["id"] = answer.json()["token"]["id"]


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
    "revokeToken": new_token,
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
