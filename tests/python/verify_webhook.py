"""Verifies the signature of a webhook with the library of the Standard Webhooks specification.

Reads {"secret", "headers", "body"} from the standard input, and writes the message, or null if it is not valid.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

received = json.load(sys.stdin)
try:
    message = Webhook(received["secret"]).verify(received["body"], received["headers"])
except WebhookVerificationError:
    message = None
json.dump(message, sys.stdout)
