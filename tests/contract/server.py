"""The real server with two administrators, for as long as the tests run."""

import os
import subprocess
import tempfile
from pathlib import Path

ADMIN = {"email": "ada@example.org", "password": "correct horse battery"}


class Server:
    """A running `goldstar` on a free port, in a folder of its own."""

    def __init__(self, program):
        self.program = program
        self.folder = tempfile.TemporaryDirectory(prefix="goldstar-contract-")
        # The last administrator couldn't be marked for deletion.
        for email in (ADMIN["email"], "other@example.org"):
            made = self._command("admin", "create", "--email", email)
            subprocess.run(**made, input=ADMIN["password"], capture_output=True, check=True)
        # Passwords are tried far more often here than people do.
        serve = self._command(
            "--listen=127.0.0.1:0", "--logins-per-account=0", "--logins-per-address=0"
        )
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
