"""Runs a command whose standard error output is a terminal, and prints what came there.

What the command prints on its standard output, which is a pipe, is left alone; its exit code is
this script's.
"""

import os
import pty
import subprocess
import sys

ours, its = pty.openpty()
# The tests' own variables are no settings of Goldstar's.
environment = {name: value for name, value in os.environ.items() if "GOLDSTAR_" not in name}
command = subprocess.Popen(
    sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=its, env=environment
)
os.close(its)
shown = b""
while True:
    try:
        piece = os.read(ours, 65536)
    except OSError:
        # So Linux says that nobody holds the other end any more.
        break
    if not piece:
        break
    shown += piece
command.stdout.read()
sys.stdout.buffer.write(shown)
sys.exit(command.wait())
