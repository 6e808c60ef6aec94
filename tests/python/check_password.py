"""Exits with 0 where werkzeug finds that a password belongs to a hash: both come on standard input,
one a line, the hash first."""

import sys

from werkzeug.security import check_password_hash

stored, password = sys.stdin.read().split("\n")[:2]
sys.exit(0 if check_password_hash(stored, password) else 1)
