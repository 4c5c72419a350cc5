"""A hearing as a calendar entry (RFC 5545): the same entry again when the hearing changes."""

from __future__ import annotations

from datetime import UTC, datetime

from icalendar import Calendar, Event


def calendar_entry(
    *,
    uid: str,
    version: int,
    written_at: int,
    starts_at: int,
    summary: str,
    location: str,
    description: str,
    cancelled: bool = False,
) -> str:
    """The text of an .ics file with one event.

    `uid` stays the same for ever and `version` grows: that is how calendars find the entry to
    replace. How long a hearing takes nobody knows, so it has no end.
    """
    event = Event()
    event.add("uid", uid)
    event.add("sequence", version)
    event.add("dtstamp", _utc(written_at))
    event.add("last-modified", _utc(written_at))
    event.add("dtstart", _utc(starts_at))
    event.add("summary", summary)
    event.add("location", location)
    event.add("description", description)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//Hearings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return str(calendar.to_ical().decode())


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
