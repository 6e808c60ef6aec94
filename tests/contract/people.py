"""Who asks: each with a family of its own, so that ids and passwords can be right."""

import itertools
import os
import time

import requests

from server import ADMIN, HELPER

PASSWORD = ADMIN["password"]


class Family:
    """An account with a child, a task and a reward, which a role asks for."""

    def __init__(self, url, account):
        self.url = url
        self.account = dict(account)
        self.has_tested = False
        self.token = self._session("/auth/login")
        self.id = self.ask("GET", "/auth/me").json()["user"]["id"]
        self.child = self.make("children")
        self.task = self.make("tasks")
        self.reward = self.make("rewards")
        self.badge = self.make("badges")
        feed = self.make_feed()
        self.feed = feed["id"]
        self.webhook = self.make("webhooks")
        self.calendar = feed["url"].removeprefix("/api/calendar/")

    def _session(self, path):
        answer = requests.post(self.url + path, json=self.account)
        answer.raise_for_status()
        return answer.cookies["session"]

    def ask(self, method, path, **more):
        """Asks as the parent, or the administrator, of the family."""
        return ask(self.url, self.token, method, path, **more)

    def make(self, kind):
        """The id of a new child, task, reward or badge."""
        body = {
            "children": {"name": "Mía", "points": 1_000_000},
            "tasks": {"name": "Make the bed", "points": 5},
            "rewards": {"name": "Ice cream", "cost": 1},
            "badges": {"name": "Bookworm", "metric": "tasks_done", "thresholds": [5]},
            # The name never has an address.
            "webhooks": {"url": "https://goldstar.invalid/", "events": ["task.due"]},
        }[kind]
        answer = self.ask("POST", f"/{kind}", json=body)
        answer.raise_for_status()
        (record,) = answer.json().values()
        return record["id"]

    def make_feed(self):
        """A new calendar feed of the child."""
        answer = self.ask("POST", f"/children/{self.child}/calendar-feeds")
        answer.raise_for_status()
        return answer.json()["feed"]

    def make_delivery(self):
        """The id of a test message that was sent to the webhook."""
        path = f"/webhooks/{self.webhook}"
        for _ in range(600):
            deliveries = self.ask("GET", f"{path}/deliveries").json()["deliveries"]
            if deliveries:
                return deliveries[0]["id"]
            if not self.has_tested:
                self.ask("POST", f"{path}/test").raise_for_status()
                self.has_tested = True
            time.sleep(0.05)
        raise AssertionError("nothing was sent")

    def show_code(self):
        """The codes of a new device."""
        headers = {"X-Forwarded-For": address()}
        body = {"device_name": "Tablet"}
        answer = requests.post(self.url + "/auth/device-codes", json=body, headers=headers)
        answer.raise_for_status()
        return answer.json()

    def pair(self):
        """The device code and the id of a new device of the child. A child can have only some: the others go."""
        path = f"/children/{self.child}/devices"
        for device in self.ask("GET", path).json()["devices"]:
            self.ask("DELETE", f"{path}/{device['id']}")
        shown = self.show_code()
        answer = self.ask("POST", path, json={"user_code": shown["user_code"]})
        answer.raise_for_status()
        return shown["device_code"], answer.json()["device"]["id"]

    def device_cookie(self):
        """The cookie of a new device of the child."""
        body = {"device_code": self.pair()[0]}
        answer = requests.post(self.url + "/auth/device-token", json=body)
        answer.raise_for_status()
        return answer.cookies["session_device"]

    def invite(self):
        """The secret of a new invitation. A family can have only some: the others go."""
        for invitation in self.ask("GET", "/family/invitations").json()["invitations"]:
            self.ask("DELETE", f"/family/invitations/{invitation['id']}")
        return invite(self.url, self.token)

    def mark_for_deletion(self):
        """Every session of the account ends; a login after a restore begins another."""
        self.ask("POST", "/user/mark-for-deletion", json={"password": self.account["password"]})

    def log_in(self):
        """A fresh session, whatever became of the last one."""
        answer = requests.post(self.url + "/auth/login", json=self.account)
        path = "/auth/restore" if answer.status_code == 403 else "/auth/login"
        self.token = self._session(path)


class Person:
    """One of the four roles."""

    def __init__(self, role, url):
        self.role = role
        account = ADMIN if role == "admin" else sign_up(url, role)
        self.family = Family(url, account)
        # Somebody else's, which may be marked for deletion while this one is in use.
        self.leaving = Family(url, sign_up(url, f"leaving-{role}"))
        # For email addresses that have no account yet.
        self.numbers = itertools.count()
        self.token = None
        # The member of another family, which an owner who is a guest transfers to it.
        self.heir = None
        self.administrator = None
        self.log_in()

    def reset_secret(self):
        """The secret of a new link, which an administrator has created."""
        if self.administrator is None:
            self.administrator = Family(self.family.url, HELPER)
            sign_up(self.family.url, f"forgetful-{self.role}")
        query = {"email": f"forgetful-{self.role}@example.org"}
        (found,) = self.administrator.ask("GET", "/admin/accounts", params=query).json()["accounts"]
        answer = self.administrator.ask("POST", f"/admin/accounts/{found['id']}/reset-link")
        answer.raise_for_status()
        return answer.json()["link"].partition("#")[2]

    def guest(self):
        """The token of a new account, whose family is empty."""
        account = sign_up(self.family.url, f"guest-{self.role}-{next(self.numbers)}")
        answer = requests.post(self.family.url + "/auth/login", json=account)
        answer.raise_for_status()
        return answer.cookies["session"]

    def join(self, owner, secret):
        """The token and the id of a new member, who is the only one beside the owner."""
        token = self.guest()
        answer = ask(self.family.url, token, "POST", "/auth/invitation/accept", json={"secret": secret})
        answer.raise_for_status()
        members = ask(self.family.url, owner, "GET", "/family/members").json()["members"]
        return answer.cookies["session"], members[-1]["id"]

    def another_leaving(self):
        """An account that may be deleted."""
        return Family(self.family.url, sign_up(self.family.url, f"gone-{self.role}-{next(self.numbers)}"))

    def log_in(self):
        """A fresh session of the role."""
        if self.role == "nobody":
            return
        if self.role != "child":
            self.family.log_in()
            self.token = self.family.token
            return
        # The child's session takes the place of the parent's: that one logs in again.
        answer = self.family.ask("POST", "/auth/child-session", json={"child_id": self.family.child})
        answer.raise_for_status()
        self.token = answer.cookies["session"]
        self.family.log_in()

    def headers(self):
        known = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return known | {"X-Forwarded-For": address()}


def ask(url, token, method, path, **more):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, url + path, headers=headers, **more)


def invite(url, token):
    """The secret of a new invitation of the owner with that token."""
    answer = ask(url, token, "POST", "/family/invitations", json={"role": "parent"})
    answer.raise_for_status()
    return answer.json()["link"].partition("#")[2]


# Hypothesis makes random numbers repeat.
addresses = itertools.count()


def address():
    """Another one for each request: only some devices of an address can show a code at a time."""
    number = next(addresses)
    return f"10.{os.getpid() % 256}.{number // 256 % 256}.{number % 256}"


def sign_up(url, name):
    """A new account's email address and password."""
    account = {"email": f"{name}@example.org", "password": PASSWORD}
    names = {"first_name": "Paula", "last_name": "Parent"}
    requests.post(url + "/auth/signup", json=account | names).raise_for_status()
    return account
