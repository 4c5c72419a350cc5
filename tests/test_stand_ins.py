"""Whom readers write to where no embassy is known: in which order that is decided."""

from __future__ import annotations

from handlers.campaign import Contact, MissionRef, Target
from handlers.stand_ins import stand_in

WRITES = [Contact(kind="email", printed="office@example.org", normal="office@example.org")]
GENEVA = MissionRef(sending="KZ", host="CH", kind="permanent-mission")


def _target(name: str, **more: object) -> Target:
    fields = {"id": name, "office": {"en": name}, "contacts": WRITES} | more
    return Target.model_validate(fields)


MINISTER = _target("minister")
MISSION = _target("mission", mission=GENEVA)
MARKED = _target("marked", fallback=True)


def test_a_permanent_mission_that_the_case_names_goes_first() -> None:
    assert stand_in([MINISTER, MARKED, MISSION], [MISSION, MARKED]) is MISSION


def test_of_two_missions_the_marked_one_stands_in() -> None:
    other = _target("other", mission=GENEVA, fallback=True)

    assert stand_in([MISSION, other], []) is other


def test_a_mission_without_an_address_stands_in_for_nobody() -> None:
    silent = _target("silent", mission=GENEVA, contacts=[])

    assert stand_in([silent, MINISTER], [MARKED]) is MARKED


def test_a_mission_of_the_campaign_that_the_case_does_not_name_is_left_alone() -> None:
    assert stand_in([MINISTER], [MISSION]) is MINISTER


def test_the_cases_own_mark_goes_before_the_campaigns() -> None:
    own = _target("own", fallback=True)

    assert stand_in([MINISTER, own], [MARKED]) is own


def test_without_any_mark_it_is_the_first_that_can_be_reached() -> None:
    hole = _target("hole", contacts=[])

    assert stand_in([hole, MINISTER], [hole, MINISTER]) is MINISTER
    assert stand_in([hole], [hole]) is None


def test_a_mark_without_an_address_stands_in_for_nobody() -> None:
    silent = _target("silent", fallback=True, contacts=[])

    assert stand_in([silent, MINISTER], [silent]) is MINISTER
    assert stand_in([silent], [silent]) is silent  # at least it is named


def test_who_is_doubted_stands_in_after_the_others() -> None:
    doubted = WRITES[0].model_copy(update={"doubtful": True})
    marked = _target("marked", fallback=True, contacts=[doubted])

    assert stand_in([MINISTER, marked], []) is MINISTER
    assert stand_in([marked], []) is marked
