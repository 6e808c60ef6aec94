"""Runs the contract tests against a program: `run.py <goldstar> [arguments of pytest]`."""

import os
import sys
from pathlib import Path

import pytest

from server import Server

program, *arguments = sys.argv[1:]
server = Server(Path(program).resolve())
try:
    os.environ["CONTRACT_URL"] = server.url
    here = str(Path(__file__).parent)
    status = pytest.main([here, "-q", "-p", "no:cacheprovider", *arguments])
finally:
    server.stop()
sys.exit(status)
