"""Hashes a password with werkzeug by each of the methods that are named: a line each."""

import sys

from werkzeug.security import generate_password_hash

password = sys.stdin.read()
for method in sys.argv[1:]:
    print(generate_password_hash(password, method))
