"""Every answer to generated requests of one role, against the server's own OpenAPI document."""

import os
from collections import Counter, defaultdict

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

import feeding
from people import Person

URL = os.environ["CONTRACT_URL"]
ROLE = os.environ["CONTRACT_ROLE"]
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "5"))

checks.load_all_checks()
# What is left out of schemathesis' checks, and why. Those of its stateful phase are, too: the ids
# that it would hand from answer to request are fed here, and what becomes of a deleted record is
# tested in `tests/http`.
LEFT_OUT = {
    "ignored_auth": "it repeats each change without a session; that is what nobody's requests ask",
}
LEFT_OUT_CHECKS = checks.CHECKS.get_by_names(list(LEFT_OUT))

# Of the operations one: the event stream never ends, so that its answer is never whole.
document = schemathesis.openapi.from_url(f"{URL}/openapi.json").exclude(path="/events")
# The session's token is the role's own.
document.config.generation.update(database="none", with_security_parameters=False)
# A key that another mutation had is right by its schema.
document.config.checks.positive_data_acceptance.expected_statuses.append("422")

person = Person(ROLE, URL)
# How often each status was answered, by operation.
answered = defaultdict(Counter)


@document.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    # How long it takes depends on what else the machine does.
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_documented(case):
    feeding.replace_what_no_schema_names(case)
    feeding.put_codes(case, person)
    if feeding.is_fed(case):
        feeding.feed(case, person)
    headers = person.headers()
    response = case.call(headers=headers)
    feeding.tidy(case, person, response)
    if feeding.is_operation(case):
        answered[case.operation.label][response.status_code] += 1
    case.validate_response(response, headers=headers, excluded_checks=LEFT_OUT_CHECKS)


def codes(operation, status):
    """The error codes that an operation has for a status."""
    answer = operation["responses"].get(status, {})
    if "$ref" in answer:
        name = answer["$ref"].removeprefix("#/components/responses/")
        answer = document.raw_schema["components"]["responses"][name]
    return set(answer.get("content", {}).get("application/json", {}).get("examples", {}))


def may(operation):
    """Whether the role may use an operation, by what the document says that others are refused."""
    if {} in operation.get("security", []):
        return True
    refusals = codes(operation, "401") | codes(operation, "403")
    # A backup is for the operator only with `?check=true`.
    if "OPERATOR_REQUIRED" in refusals and "PASSWORD_REQUIRED" not in refusals:
        return False
    # A parent can create API tokens, but only an administrator can with some scopes.
    if "PARENT_REQUIRED" in refusals:
        return ROLE in ("admin", "parent")
    if "ADMIN_REQUIRED" in refusals:
        return ROLE == "admin"
    return ROLE != "nobody" or "UNAUTHENTICATED" not in refusals


def test_what_the_role_may_has_succeeded_and_nothing_else():
    """A server that refused everything would be as documented."""
    wrong = []
    for operation in (result.ok() for result in document.get_all_operations()):
        counts = answered[operation.label]
        has_succeeded = any(status // 100 == 2 for status in counts)
        print(f"{ROLE:6} {operation.label:50} {dict(sorted(counts.items()))}")
        if has_succeeded != may(operation.definition.raw):
            wrong.append(operation.label)
    print(f"{sum(sum(counts.values()) for counts in answered.values())} requests as {ROLE}")
    assert not wrong
