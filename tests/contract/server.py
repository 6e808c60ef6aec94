"""The real server with three administrators, for as long as the tests run."""

import os
import subprocess
import tempfile
from pathlib import Path

ADMIN = {"email": "ada@example.org", "password": "correct horse battery"}
# Another administrator, whose account no generated request changes.
HELPER = {"email": "helper@example.org", "password": "correct horse battery"}


# What the tests do more often than a family.
UNLIMITED = [
    ("logins", "account"),
    ("logins", "address"),
    ("signups", "address"),
    ("changes", "account"),
    ("changes", "address"),
    ("sessions", "family"),
    ("children", "family"),
    ("tasks", "family"),
    ("rewards", "family"),
    ("requests", "family"),
]


class Server:
    """A running `goldstar` on a free port, in a folder of its own."""

    def __init__(self, program):
        self.program = program
        self.folder = tempfile.TemporaryDirectory(prefix="goldstar-contract-")
        # Only a server creates a directory, or uses one without Goldstar's files.
        Path(self.folder.name, "data").mkdir()
        Path(self.folder.name, "data", "users.json").write_text('{"_default": {}}')
        # The last administrator couldn't be marked for deletion.
        for email in (ADMIN["email"], HELPER["email"], "other@example.org"):
            made = self._command("admin", "create", "--email", email)
            subprocess.run(**made, input=ADMIN["password"], capture_output=True, check=True)
        # Far more happens here than with people.
        unlimited = [f"--{one}-per-{whom}=0" for one, whom in UNLIMITED]
        proxy = "--trusted-proxies=127.0.0.1"
        serve = self._command("--listen=127.0.0.1:0", proxy, *unlimited)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(**serve, stdout=subprocess.PIPE, stderr=log)
        greeting = self.process.stdout.readline()
        if not greeting:
            raise RuntimeError(f"the server doesn't start: {self.log.read_text()}")
        self.url = greeting.split()[-1]

    @property
    def log(self):
        return Path(self.folder.name, "server.log")

    def _command(self, *arguments):
        # A variable that Goldstar doesn't know would be refused.
        known = {k: v for k, v in os.environ.items() if not k.startswith("GOLDSTAR_")}
        command = [self.program, *arguments]
        return {"args": command, "cwd": self.folder.name, "env": known, "text": True}

    def stop(self):
        """Ends it in order, which must succeed."""
        self.process.terminate()
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.folder.cleanup()
        assert status == 0, f"the server ended with {status}"
