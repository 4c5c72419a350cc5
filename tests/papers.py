"""Payloads of the sample campaign, for tests that need no database."""

from __future__ import annotations

from datetime import date
from functools import cache

from handlers.alert_payload import AlertPayload
from handlers.campaign import Case
from handlers.contact_lines import overrides
from handlers.embassies import Found, resolve_all
from tests.people import DIRECTORY, sample

TODAY = date(2026, 9, 21)


def payload_of(case_id: str = "bokayev-ayan", **changes: object) -> AlertPayload:
    """What an alert about this case says today; `changes` are to the case."""
    found = sample().case(case_id)
    assert found is not None
    case = Case.model_validate(found.model_dump() | changes)
    campaign = sample()
    named = campaign.targets_of(case)
    return AlertPayload(
        headline={"en": "Trial opens tomorrow", "ru": "Завтра суд"},
        text={"en": "It was announced only now.", "ru": "О нём сообщили только сейчас."},
        case=case,
        country=campaign.country,
        main_language=campaign.language,
        drill=campaign.drill,
        issued=TODAY.isoformat(),
        targets=tuple(target for target in named if not target.own_embassy),
        own_embassy=not named or any(target.own_embassy for target in named),
        embassy_target=next((target for target in named if target.own_embassy), None),
        embassies=_embassies(),
        fallback=next(target for target in campaign.targets if target.fallback),
        copies_to=tuple(campaign.copies_to),
    )


@cache
def _embassies() -> dict[str, Found]:
    missions = DIRECTORY.missions("KZ")
    return resolve_all(missions, overrides(sample().targets), today=TODAY)
