"""Runs a command in a terminal, types the standard input there, and prints what the terminal shows."""

import os
import pty
import sys

child, terminal = pty.fork()
if child == 0:
    settings = [name for name in os.environ if name.startswith("GOLDSTAR_")]
    for name in settings:
        del os.environ[name]
    os.execv(sys.argv[1], sys.argv[1:])

os.write(terminal, sys.stdin.buffer.read())
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        # So Linux says that nobody holds the other end any more.
        break
    if not piece:
        break
    sys.stdout.buffer.write(piece)
os.waitpid(child, 0)
