"""Runs the contract tests against a program: `run.py <goldstar> [arguments of pytest]`.

The four roles run side by side, against one server. `CONTRACT_SEED` says which requests are
generated, and `CONTRACT_EXAMPLES` how many an operation gets beside the systematic ones.
"""

import os
import subprocess
import sys
from pathlib import Path

from server import Server

ROLES = ["parent", "child", "admin", "nobody"]
HERE = Path(__file__).parent


def start(role, server, arguments):
    """The tests of one role, and the file that takes what they print."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-s", "--tb=short", "-p", "no:cacheprovider"]
    seed = f"--hypothesis-seed={os.environ.get('CONTRACT_SEED', '1')}"
    output = Path(server.folder.name, f"{role}.txt")
    with open(output, "w") as printed:
        process = subprocess.Popen(
            [*pytest, seed, *arguments, HERE],
            env=os.environ | {"CONTRACT_URL": server.url, "CONTRACT_ROLE": role},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
    return process, output


def main(program, arguments):
    """Whether all of the roles passed."""
    server = Server(Path(program).resolve())
    try:
        running = {role: start(role, server, arguments) for role in ROLES}
        failed = []
        for role, (process, output) in running.items():
            if process.wait() != 0:
                failed.append(role)
            text = output.read_text()
            print(text)
            print(f"contract as {role}: {text.splitlines()[-1]}", flush=True)
        for role in failed:
            print(f"Once more: .venv/bin/python tests/contract/run.py {program}   # {role} failed")
        return not failed
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1], sys.argv[2:]) else 1)
