"""How a hearing reads to whoever is reminded of it, or told that it moved or is off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from pydantic import BaseModel, ConfigDict

from handlers.calendar import calendar_entry
from handlers.campaign import pick
from handlers.content import information_only
from handlers.i18n import Translator
from handlers.message import (
    Attachment,
    Block,
    Bold,
    Button,
    Heading,
    Italic,
    Message,
    Moment,
    Paragraph,
    Span,
    paragraph,
)
from storage.outbox import Reader

Kind = Literal["7d", "1d", "2h", "now", "changed", "cancelled"]
Texts = dict[str, str]
"""Language → text."""


class ReminderPayload(BaseModel):
    """Everything the notice needs, frozen when the reminder fell due.

    `hearing` stays the first key: storage finds queued notices about a hearing by it.
    """

    model_config = ConfigDict(frozen=True)

    hearing: int
    version: int
    uid: str  # of the calendar entry
    kind: Kind
    told_at: int
    case_id: str
    country: str  # whose courts
    drill: bool
    main_language: str
    title: Texts  # the case's
    court: Texts
    city: Texts
    part: Texts  # which hearing of the trial: "first hearing"
    note: Texts
    local: str
    timezone: str
    starts_at: int
    before: str = ""  # where it stood, for "changed"; "" if the time is the same
    before_timezone: str = ""


def reminder(payload: str, reader: Reader, translator: Translator) -> Message:
    """The notice "reminder" or "hearing-changed" for one reader."""
    return _Notice(ReminderPayload.model_validate_json(payload), reader, translator).message()


class _Notice:
    def __init__(self, it: ReminderPayload, reader: Reader, translator: Translator) -> None:
        self.it = it
        self.reader = reader
        self.translator = translator
        self.t = translator.t

    def message(self) -> Message:
        see = Button(self.t("button-case"), command=f"/case {self.it.case_id}")
        attachment = Attachment(f"hearing-{self.it.case_id}.ics", "text/calendar", self._entry())
        buttons = () if self.reader.silent else ((see,),)
        return Message(tuple(self._blocks()), buttons, attachments=(attachment,))

    def _blocks(self) -> Iterator[Block]:
        if self.it.drill:
            yield paragraph(Bold(self.t("drill-mark")))
        yield Heading(self._heading())
        yield self._when()
        yield paragraph("\n".join(filter(None, [self._court(), self.words(self.it.note)])))
        if self.it.kind == "cancelled":
            yield paragraph(self.t("reminder-cancelled-next"))
        elif not information_only(self.reader, self.it.country):
            key = "reminder-what-to-do-channel" if self.reader.silent else "reminder-what-to-do"
            yield paragraph(self.t(key, case=self.it.case_id))
        if not self.reader.silent:
            yield paragraph(Italic(self.t("reminder-stop", case=self.it.case_id)))

    def words(self, texts: Texts) -> str:
        return pick(texts, self.translator.language, self.it.main_language)

    def _heading(self) -> str:
        case = self.words(self.it.title)
        if self.it.kind == "cancelled":
            return self.t("reminder-cancelled", case=case)
        if self.it.kind == "changed":
            return self.t("reminder-moved" if self.it.before else "reminder-changed", case=case)
        left = in_how_long(self.it.starts_at - self.it.told_at, self.translator.language)
        return self.t("reminder-heading", left=left, case=case)

    def _when(self) -> Paragraph:
        it, spans = self.it, list[Span]()
        city = self.words(it.city)
        if it.before:
            was = court_time(it.before, it.before_timezone, city, self.translator)
            spans += [self.t("reminder-was", when=was), "\n"]
        spans.append(Bold(court_time(it.local, it.timezone, city, self.translator)))
        if it.kind != "cancelled":
            spans += own_time(it.starts_at, it.timezone, self.reader.timezone, self.translator)
        return Paragraph(tuple(spans))

    def _court(self) -> str:
        return ", ".join(filter(None, [self.words(self.it.court), self.words(self.it.part)]))

    def _entry(self) -> str:
        it = self.it
        city = self.words(it.city)
        place = city or self.translator.zone(it.timezone)
        title = self.t("reminder-entry", case=self.words(it.title))
        when = court_time(it.local, it.timezone, city, self.translator)
        about = [when, self._court(), self.words(it.note)]
        if it.drill:
            title = self.t("reminder-entry-drill", title=title)
            about.insert(0, self.t("drill-mark"))
        return calendar_entry(
            uid=it.uid,
            version=it.version,
            written_at=it.told_at,
            starts_at=it.starts_at,
            summary=title,
            location=f"{self.words(it.court)}, {place}",
            description="\n".join(filter(None, about)),
            cancelled=it.kind == "cancelled",
        )


def court_time(local: str, zone: str, city: str, translator: Translator) -> str:
    """The time on the court's clock: "Wednesday 12 October 2016, 10:30, local time in Atyrau"."""
    when = translator.wall_time(datetime.fromisoformat(local))
    if zone == "UTC":
        return translator.t("time-utc", when=when)
    return translator.t("time-local", when=when, place=city or translator.zone(zone))


def own_time(at: int, zone: str, own_zone: str, translator: Translator) -> tuple[Span, ...]:
    """A new line with the reader's time, or UTC if theirs is not known; nothing if it is the
    court's.
    """
    own = own_zone or "UTC"
    there, here = (datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(it)) for it in (zone, own))
    if there.utcoffset() == here.utcoffset():
        return ()
    moment = Moment(at, translator.wall_time(here))
    if not own_zone:
        return "\n", translator.t("time-in-utc"), " ", moment
    return "\n", translator.t("time-own", place=translator.zone(own)), " ", moment


def in_how_long(seconds: int, language: str) -> str:
    """ "in 90 minutes", "in 24 hours", "in 7 days": not rounded where it matters."""
    minutes = max(1, round(seconds / 60))
    if minutes > 20:
        minutes = round(minutes / 5) * 5
    exact = minutes < 180 and minutes % 60 != 0
    return format_timedelta(
        minutes * 60, threshold=4 if exact else 1.2, add_direction=True, locale=language
    )
