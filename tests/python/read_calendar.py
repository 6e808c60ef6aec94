"""Reads a calendar from standard input with the icalendar package, and prints it as JSON.

Fails if a line is not valid, too long, or does not end as RFC 5545 says.
"""

import json
import sys

import icalendar

data = sys.stdin.buffer.read()
assert data.endswith(b"\r\n"), "no line end at the end"
lines = data[:-2].split(b"\r\n")
for line in lines:
    line.decode()
    assert len(line) <= 75, line
    assert b"\n" not in line and b"\r" not in line, line

calendar = icalendar.Calendar.from_ical(data)
assert not calendar.errors, calendar.errors
events = []
for event in calendar.walk("VEVENT"):
    assert not event.errors, event.errors
    start, end = event.decoded("dtstart"), event.decoded("dtend", None)
    events.append({
        "uid": str(event["uid"]),
        "stamp": event.decoded("dtstamp").isoformat(),
        "start": start.isoformat(),
        "end": end.isoformat() if end else None,
        "summary": str(event["summary"]),
        "state": str(event["categories"].cats[0]),
    })
others = sorted({str(part.name) for part in calendar.walk()} - {"VCALENDAR", "VEVENT"})
print(json.dumps({"events": events, "others": others, "version": str(calendar["version"])}))
