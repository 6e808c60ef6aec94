"""Checks the OpenAPI document that is on standard input, and every example in it."""

import json
import re
import sys

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

text = sys.stdin.read()
faults = [str(error) for error in OpenAPIV31SpecValidator(json.loads(text)).iter_errors()]

# A schema is checked by itself, so its references must name the document that they lead into.
NAME = "urn:goldstar"
document = json.loads(text.replace('"#/components/', f'"{NAME}#/components/'))
resource = Resource.from_contents(document, default_specification=DRAFT202012)
registry = Registry().with_resource(NAME, resource)


def resolved(node):
    """What a node refers to, where it is a reference within the document."""
    if isinstance(node, dict) and "$ref" in node:
        found = document
        for name in node["$ref"].removeprefix(f"{NAME}#/").split("/"):
            found = found[name]
        return resolved(found)
    return node


def is_valid(schema, value, place):
    """Notes what of the value isn't as the schema says."""
    global count
    count += 1
    for error in Draft202012Validator(schema, registry=registry).iter_errors(value):
        faults.append(f"{place}: {error.message}: {json.dumps(value)}")


def check(node, place):
    """Checks the examples of a node and of what it holds."""
    if isinstance(node, list):
        for at, item in enumerate(node):
            check(item, f"{place}/{at}")
    if not isinstance(node, dict):
        return
    schema = node.get("schema")
    # A media type's, a parameter's or a header's.
    if schema is not None:
        if "example" in node:
            is_valid(schema, node["example"], place)
        for name, example in node.get("examples", {}).items():
            is_valid(schema, resolved(example)["value"], f"{place}/{name}")
    # A schema's own.
    elif isinstance(node.get("examples"), list):
        for example in node["examples"]:
            is_valid(node, example, place)
    if "pattern" in node and isinstance(node["pattern"], str):
        re.compile(node["pattern"])
    for name, item in node.items():
        if name not in ("example", "examples"):
            check(item, f"{place}/{name}")


count = 0
check(document, "#")
print(json.dumps({"faults": faults, "examples": count}))
