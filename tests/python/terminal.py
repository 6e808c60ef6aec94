"""Runs a program in a terminal, and closes the terminal at the end of the standard input."""

import os
import pty
import select
import sys

child, terminal = pty.fork()
if child == 0:
    settings = [name for name in os.environ if name.startswith("GOLDSTAR_")]
    for name in settings:
        del os.environ[name]
    os.execv(sys.argv[1], sys.argv[1:])

# A terminal that a blocked read uses cannot be closed.
while sys.stdin not in select.select([sys.stdin, terminal], [], [])[0]:
    os.read(terminal, 4096)
os.close(terminal)
os.waitpid(child, 0)
