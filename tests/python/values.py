"""What the scripts of the round trip share: values that are compared, or made up at random."""

import json
import math
import pathlib
import re
import shutil
import string

SURROGATE = re.compile("[\ud800-\udfff]")
TEXTS = ["", "Mía", "\U0001f415 dog", 'a "quoted" \\ text', "line\nbreak", "\x7f\u2028", "NaN, [{"]
NUMBERS = [0, -0.0, 5.0, 1.10, 1e-7, 1e22, 0.1 + 0.2, 2**53 + 1, -(10**30), 10**400]
NO_NUMBERS = [math.nan, math.inf, -math.inf]


def same(one, other):
    """Whether two parsed values are the same: 5 isn't 5.0, and NaN is NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


def answered(value):
    """A value as an answer has it."""
    if isinstance(value, dict):
        return {name: answered(item) for name, item in value.items()}
    if isinstance(value, list):
        return [answered(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read(folder):
    """Every file of a data directory: TinyDB's as they parse, the others as bytes."""
    files = (path for path in pathlib.Path(folder).iterdir() if path.is_file())
    return {path.name: contents(path) for path in files if not path.name.startswith(".")}


def contents(path):
    if path.suffix != ".json":
        return path.read_bytes()
    text = path.read_text("utf-8")
    return json.loads(text) if text else {}


def text(random):
    letters = "".join(random.choices(string.ascii_letters + " é\u4e2d\U0001fa65", k=5))
    return random.choice([*TEXTS, letters])


def any_value(random, depth=0):
    """Any value that Python's `json` writes."""
    kinds = [None, True, False, text(random), random.choice(NUMBERS), random.choice(NO_NUMBERS)]
    kinds += [random.random() * 10 ** random.randrange(-9, 19), random.randrange(-9, 999)]
    kinds += ["\ud83d", "x\udc15\ud83d"]
    if depth < 3 and random.random() < 0.4:
        items = [any_value(random, depth + 1) for _ in range(random.randrange(4))]
        return random.choice([items, {text(random) + str(n): item for n, item in enumerate(items)}])
    if depth == 0 and random.random() < 0.05:
        return json.loads("[" * 300 + "]" * 300)
    return random.choice(kinds)


def unknown_fields(random):
    names = ["colour", "größe", "\udfff half", "nested", "country_code", "Spaced name"]
    chosen = random.sample(names, random.randrange(4))
    return {name: any_value(random) for name in chosen}


def style(random):
    """Arguments of `json.dumps`, chosen at random."""
    return {
        "indent": random.choice([None, None, 0, 2, "\t"]),
        "separators": random.choice([None, (",", ":"), (" , ", " : ")]),
        "sort_keys": random.random() < 0.3,
        "ensure_ascii": random.random() < 0.5,
    }


def write(path, tables, random):
    """Writes a TinyDB file in a random style: half characters stay escapes in raw UTF-8."""
    dumped = json.dumps(tables, **style(random))
    dumped = SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", dumped)
    path.write_text(dumped, "utf-8")


def snapshot(root):
    """Keeps the data directory as it is now, for the next comparison."""
    shutil.rmtree(root / "before", ignore_errors=True)
    shutil.copytree(root / "data", root / "before", ignore=shutil.ignore_patterns(".*", "*.sock", "journal"))


def rows(files, name):
    return files.get(name, {}).get("_default", {})
