"""What an organiser sees before an alert leaves: the very notice, to how many, what is amiss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.alert_notice import AlertNotice
from handlers.alert_payload import AlertPayload
from handlers.campaign import Target, pick
from handlers.command import Context
from handlers.countries import FEWEST_NAMED, country_name
from handlers.i18n import Translator
from handlers.message import Block, Bold, Button, Heading, Message, bullets, paragraph
from handlers.onboarding import in_rows
from storage import subscribers
from storage.models import Alert
from storage.outbox import Reader
from storage.subscribers import Audience

_VIEWS = 6  # readers offered to look through
_SHOWN = 8  # countries listed by name
DRAFT_LASTS = 86400  # seconds a draft and its buttons are good for


def code_of(alert: Alert) -> str:
    """How organisers name an alert: its number and the beginning of its content's hash.

    A button or command that names another content than the stored one does nothing.
    """
    return f"{alert.id}-{alert.content_hash[:4]}"


@dataclass(frozen=True, slots=True)
class View:
    """As whom the organiser looks at the notice."""

    country: str
    language: str


async def preview(
    ctx: Context, alert: Alert, *, view: View | None = None, action: Button
) -> Message:
    """The preview with its buttons; `action` is what this organiser may do next."""
    payload = AlertPayload.model_validate_json(alert.payload)
    audience = await subscribers.audience(
        ctx.session, payload.case.id, payload.country, urgent=payload.is_urgent
    )
    view = view or _usual_view(ctx, payload, audience)
    notice = _notice(payload, view, ctx.translator.prefix)
    blocks = (*_about(ctx, alert, payload, audience), *_seen_as(ctx, view), *notice.blocks)
    return Message(
        blocks=blocks,
        buttons=_buttons(ctx, alert, audience, view, action),
        protected=True,
    )


def _usual_view(ctx: Context, payload: AlertPayload, audience: Sequence[Audience]) -> View:
    """As the largest group of readers abroad who named a country, else as the organiser."""
    with_country = [it for it in audience if it.country not in ("", payload.country)]
    if with_country:
        return View(with_country[0].country, with_country[0].language)
    return View(ctx.subscriber.country, ctx.translator.language)


def _notice(payload: AlertPayload, view: View, prefix: str) -> Message:
    reader = Reader(language=view.language, country=view.country)
    return AlertNotice(payload, reader, Translator(view.language, prefix)).message()


def _about(
    ctx: Context, alert: Alert, payload: AlertPayload, audience: Sequence[Audience]
) -> Iterator[Block]:
    total = sum(group.count for group in audience)
    yield Heading(ctx.t("preview-title", code=code_of(alert)))
    yield paragraph(ctx.t("preview-audience", count=total))
    if any(demand.wordings for demand in payload.case.demands):
        yield paragraph(ctx.t("preview-wordings"))
    if payload.corrects:
        yield paragraph(ctx.t("preview-corrects", number=payload.corrects))
    if audience:
        yield bullets(
            ctx.t("preview-countries", list=_by_country(ctx, audience)),
            ctx.t("preview-languages", list=_by_language(ctx, audience)),
        )
    country = country_name(payload.country, ctx.translator.language)
    yield paragraph(ctx.t("preview-information", country=country))
    warnings = list(warnings_of(ctx, payload, audience))
    if warnings:
        yield paragraph(Bold(ctx.t("preview-warnings")))
        yield bullets(*warnings)


def _by_country(ctx: Context, audience: Sequence[Audience]) -> str:
    totals: Counter[str] = Counter()
    for group in audience:
        totals[group.country] += group.count
    # Counted only where there are enough to hide among.
    large = [it for it in totals.most_common(_SHOWN) if it[1] >= FEWEST_NAMED]
    shown = [f"{_country(ctx, code)} {count}" for code, count in large]
    if not large:
        return ctx.t("preview-few", least=FEWEST_NAMED)
    rest = totals.total() - sum(count for _, count in large)
    if rest:
        shown.append(ctx.t("preview-others", count=rest))
    return ", ".join(shown)


def _country(ctx: Context, code: str) -> str:
    return country_name(code, ctx.translator.language) if code else ctx.t("preview-no-country")


def _by_language(ctx: Context, audience: Sequence[Audience]) -> str:
    totals: Counter[str] = Counter()
    for group in audience:
        totals[Translator(group.language).language] += group.count
    names = ((ctx.translator.language_called(code), n) for code, n in totals.most_common())
    return ", ".join(f"{name} {count}" for name, count in names)


def warnings_of(
    ctx: Context, payload: AlertPayload, audience: Sequence[Audience]
) -> Iterator[str]:
    """What the organisers should know before they say yes."""
    language = ctx.translator.language
    if not audience:
        yield ctx.t("warn-nobody")
    if payload.case.deadline and payload.case.deadline < payload.issued:
        yield ctx.t("warn-deadline", deadline=ctx.translator.day(payload.case.deadline))
    for target in _unreachable(payload):
        yield ctx.t("warn-target", office=pick(target.office, language, payload.main_language))
    lacking = _without_embassy(payload, audience)
    if lacking:
        names = ", ".join(country_name(code, language) for code in lacking)
        yield ctx.t("warn-no-embassy", countries=names, count=len(lacking))
    if any(not group.country for group in audience):
        count = sum(group.count for group in audience if not group.country)
        yield ctx.t("warn-no-country", count=count)
    if payload.case.letter is None:
        yield ctx.t("warn-no-letter")
    for code in _untranslated(payload, audience):
        yield ctx.t("warn-language", language=ctx.translator.language_called(code))


def _unreachable(payload: AlertPayload) -> list[Target]:
    known = (target for target in payload.targets if not target.is_readers_own)
    return [target for target in known if not any(it.usable for it in target.contacts)]


def _without_embassy(payload: AlertPayload, audience: Sequence[Audience]) -> list[str]:
    if not payload.own_embassy:
        return []
    reached = {code for code, found in payload.embassies.items() if found.trusted}
    return sorted({it.country for it in audience if it.country} - reached - {payload.country})


def _untranslated(payload: AlertPayload, audience: Sequence[Audience]) -> list[str]:
    """Languages of readers in which the headline was not written."""
    wanted = {Translator(group.language).language for group in audience}
    return sorted(wanted - payload.headline.keys())


def _seen_as(ctx: Context, view: View) -> Iterator[Block]:
    country = _country(ctx, view.country)
    language = ctx.translator.language_called(view.language or ctx.translator.language)
    yield paragraph(Bold(ctx.t("preview-seen-as", country=country, language=language)))


def _buttons(
    ctx: Context, alert: Alert, audience: Sequence[Audience], view: View, action: Button
) -> tuple[tuple[Button, ...], ...]:
    code = code_of(alert)
    other = (
        Button(ctx.t("button-schedule"), command=f"/schedule {code}", lasts=DRAFT_LASTS),
        Button(ctx.t("button-cancel-alert"), command=f"/cancel {code}", lasts=DRAFT_LASTS),
    )
    return ((action,), other, *in_rows(_views(ctx, code, audience, view), 3))


def _views(ctx: Context, code: str, audience: Sequence[Audience], view: View) -> Iterator[Button]:
    seen = {(view.country, view.language)}
    for group in audience[:_VIEWS]:
        if group.country and (group.country, group.language) not in seen:
            language = Translator(group.language).language
            seen.add((group.country, group.language))
            yield Button(
                ctx.t("button-see-as", country=group.country, language=language),
                command=f"/preview {code} {group.country} {language}",
                lasts=DRAFT_LASTS,
            )
