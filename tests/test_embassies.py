"""The right embassy for a country: the facts of the real directory, then the rules one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.campaign import MissionRef
from handlers.contact_keys import key_of
from handlers.contact_lines import found_blocks
from handlers.embassies import Found, Override, Reason, resolve, resolve_all
from handlers.embassy_channels import Age, Contact, age_of
from handlers.i18n import Translator
from handlers.message import Message, plain
from handlers.missions import is_same_mission
from storage.directory import Directory, Mission

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def kazakh() -> tuple[Mission, ...]:
    return Directory.open().missions("KZ")


def values(found: Found, kind: str) -> list[str]:
    return [channel.value for channel in found.channels if channel.kind == kind]


def mission(mission_id: str, host: str, **facts: object) -> Mission:
    """A Ruritanian (RT) mission; what is not said is as usual."""
    filled = [f for f in ("address", "phone", "fax", "email", "website") if facts.get(f)]
    usual: dict[str, Any] = {
        "sending": "RT", "kind": "embassy", "name": "Embassy", "city": "Capital",
        "jurisdictions": (host,), "address": "", "phone": "", "fax": "", "email": "",
        "website": "", "as_of": "2026-01-01", "checked": "", "flags": (),
        "age": dict.fromkeys(filled, facts.get("as_of", "2026-01-01")),
        "source": dict.fromkeys(filled, "list"),
    }  # fmt: skip
    return Mission(id=mission_id, host=host, **(usual | facts))


def chosen(missions: list[Mission], country: str, *overrides: Override) -> str:
    return resolve(missions, country, overrides, today=TODAY).mission_id


# ---------------------------------------------------------------------------- the real directory


@pytest.mark.parametrize(
    ("country", "reason", "host", "city"),
    [
        ("GB", "resident", "GB", "London"),
        ("IE", "accredited", "GB", "London"),
        ("BE", "resident", "BE", "Brussels"),
        ("AT", "resident", "AT", "Vienna"),
        ("DK", "accredited", "SE", "Stockholm"),
        ("VA", "accredited", "CH", "Bern"),
        ("IT", "resident", "IT", "Rome"),
        ("KE", "none", "", ""),
        ("KZ", "none", "", ""),
    ],
)
def test_kazakhstan_answers_for_a_country_from_here(
    kazakh: tuple[Mission, ...], country: str, reason: str, host: str, city: str
) -> None:
    found = resolve(kazakh, country, today=TODAY)

    assert (found.reason, found.host, found.city) == (reason, host, city)


def test_london_has_an_address_for_everything_a_letter_needs(kazakh: tuple[Mission, ...]) -> None:
    found = resolve(kazakh, "IE", today=TODAY)

    assert values(found, "email") == ["london@mfa.kz"]
    assert values(found, "postal") == ["125 Pall Mall, London SW1Y 5EA"]
    phone = next(channel for channel in found.channels if channel.kind == "phone")
    assert (phone.value, phone.shown) == ("+442079251757", "+44 20 7925 1757")
    assert {channel.as_of for channel in found.channels} == {date(2024, 4, 30)}
    assert {channel.age for channel in found.channels} == {Age.AGED}


def test_an_embassy_without_known_contacts_gets_none_invented(
    kazakh: tuple[Mission, ...],
) -> None:
    assert resolve(kazakh, "BE", today=TODAY).channels == ()


@pytest.mark.parametrize("sending", ["FR", "US", "GB", "DE", "PL", "BR", "LY", "UA"])
def test_nobody_is_sent_to_a_mission_that_does_not_answer_for_their_country(sending: str) -> None:
    missions = {it.id: it for it in Directory.open().missions(sending)}

    for country, found in resolve_all(tuple(missions.values()), today=TODAY).items():
        there = missions[found.mission_id]
        if found.reason is Reason.CONSULATE:
            assert there.host == country
        else:
            assert country in there.jurisdictions


def test_an_italian_does_not_get_the_embassy_to_the_holy_see() -> None:
    french = Directory.open().missions("FR")

    assert resolve(french, "IT", today=TODAY).name == "Embassy of France in Italy"
    assert resolve(french, "VA", today=TODAY).name == "Embassy of France in the Holy See"


def test_all_countries_at_once_are_each_as_asked_for_alone(kazakh: tuple[Mission, ...]) -> None:
    everything = resolve_all(kazakh, today=TODAY)

    assert len(everything) == 83
    assert "KE" not in everything
    for country, found in everything.items():
        assert found == resolve(kazakh, country, today=TODAY)


def test_what_was_found_survives_json(kazakh: tuple[Mission, ...]) -> None:
    found = resolve(kazakh, "US", today=TODAY)

    assert found.channels
    assert Found.model_validate_json(found.model_dump_json()) == found


# ------------------------------------------------------------------------------- the order


def test_resident_comes_before_accredited_before_consulate() -> None:
    consulate = mission("consulate", "XX", kind="consulate", jurisdictions=(), email="c@x.xx")
    accredited = mission("accredited", "YY", jurisdictions=("YY", "XX"), email="a@x.xx")
    resident = mission("resident", "XX")

    assert chosen([consulate, accredited, resident], "XX") == "resident"
    assert chosen([consulate, accredited], "XX") == "accredited"
    assert chosen([consulate], "XX") == "consulate"
    assert resolve([consulate], "XX", today=TODAY).reason is Reason.CONSULATE
    assert resolve([consulate], "YY", today=TODAY) == Found(reason=Reason.NONE)


def test_standing_in_a_country_is_not_answering_for_it() -> None:
    exile = mission("exile", "XX", jurisdictions=("YY",), flags=("not_accredited_to_host",))

    assert chosen([exile], "XX") == ""
    assert chosen([exile], "YY") == "exile"


def test_a_permanent_mission_is_nobodys_embassy() -> None:
    assert chosen([mission("un", "CH", kind="permanent-mission")], "CH") == ""


def test_a_states_own_country_has_no_embassy_of_it() -> None:
    assert chosen([mission("odd", "XX", jurisdictions=("XX", "RT"))], "RT") == ""


def test_among_equals_an_email_then_a_check_then_the_newest_wins() -> None:
    silent = mission("silent", "XX", as_of="2026-06-01", checked="2026-06-01")
    old = mission("old", "XX", email="o@x.xx", as_of="2022-01-01")
    checked = mission("checked", "XX", email="c@x.xx", as_of="2022-01-01", checked="2024-01-01")
    new = mission("new", "XX", email="n@x.xx", as_of="2026-01-01")

    assert chosen([silent, old, checked, new], "XX") == "checked"
    assert chosen([silent, old, new], "XX") == "new"
    assert chosen([silent, old], "XX") == "old"


def test_a_mailbox_for_travellers_comes_last_and_an_interests_section_after_an_embassy() -> None:
    consular = mission("consular", "XX", email="visa@x.xx", flags=("consular_mailbox",))
    section = mission("section", "XX", kind="interests-section", email="s@x.xx")
    embassy = mission("embassy", "XX")

    assert chosen([consular, section, embassy], "XX") == "embassy"
    assert chosen([consular, section], "XX") == "section"
    assert resolve([consular], "XX", today=TODAY).flags == ("consular_mailbox",)


def test_one_embassy_entered_twice_is_found_once_whatever_the_order() -> None:
    first, second = mission("a", "XX", email="e@x.xx"), mission("b", "XX", email="e@x.xx")

    assert chosen([first, second], "XX") == chosen([second, first], "XX") == "a"


# ------------------------------------------------------------------------ the campaign's contacts

EMAIL = Contact("email", "brussels@mfa.kz", as_of=date(2016, 10, 11), checked=date(2026, 11, 1))


def test_the_campaigns_contact_comes_first_and_keeps_its_own_date(
    kazakh: tuple[Mission, ...],
) -> None:
    own = Override("KZ", "BE", (EMAIL,), city="Brussels")

    found = resolve(kazakh, "BE", [own], today=TODAY)

    assert found.reason is Reason.OWN_CONTACT
    assert found.name == "Embassy of Kazakhstan in Belgium"
    (channel,) = found.channels
    assert (channel.value, channel.as_of) == ("brussels@mfa.kz", date(2016, 10, 11))
    assert (channel.checked, channel.age) == (date(2026, 11, 1), Age.FRESH)


def test_the_campaign_replaces_one_kind_and_the_directory_fills_the_rest(
    kazakh: tuple[Mission, ...],
) -> None:
    two = (Contact("email", "one@mfa.kz"), Contact("email", "two@mfa.kz"))

    found = resolve(kazakh, "GB", [Override("KZ", "GB", two)], today=TODAY)

    assert values(found, "email") == ["one@mfa.kz", "two@mfa.kz"]
    assert values(found, "phone") == ["+442079251757"]
    assert found.city == "London"
    assert [channel.kind for channel in found.channels] == [
        "email", "email", "phone", "postal", "web",
    ]  # fmt: skip


def test_a_campaigns_contact_reaches_the_countries_that_embassy_answers_for(
    kazakh: tuple[Mission, ...],
) -> None:
    own = Override("KZ", "GB", (Contact("email", "ambassador@mfa.kz"),), city="London")

    found = resolve(kazakh, "IE", [own], today=TODAY)

    assert found.reason is Reason.ACCREDITED
    assert values(found, "email") == ["ambassador@mfa.kz"]


def test_contacts_of_another_city_are_not_mixed_with_the_embassys() -> None:
    capital = mission("capital", "XX", phone="+41313517969", city="Bern")
    own = Override(
        "RT", "XX", (Contact("email", "e@x.xx"),), city="Geneva", name="Embassy, Geneva"
    )

    found = resolve([capital], "XX", [own], today=TODAY)

    assert (found.city, found.name, found.mission_id) == ("Geneva", "Embassy, Geneva", "")
    assert values(found, "phone") == []


def test_of_several_contacts_in_one_country_the_embassys_is_taken() -> None:
    capital = mission("capital", "XX", city="Bern")
    geneva = Override("RT", "XX", (Contact("email", "geneva@x.xx"),), city="Geneva")
    bern = Override("RT", "XX", (Contact("email", "bern@x.xx"),), city="bern")

    found = resolve([capital], "XX", [geneva, bern], today=TODAY)

    assert values(found, "email") == ["bern@x.xx"]


def test_a_campaign_may_know_an_embassy_the_directory_lacks(kazakh: tuple[Mission, ...]) -> None:
    own = Override("KZ", "KE", (Contact("postal", "PO Box 1, Nairobi"),), city="Nairobi")

    found = resolve(kazakh, "KE", [own], today=TODAY)

    assert (found.reason, found.host, found.city) == (Reason.OWN_CONTACT, "KE", "Nairobi")
    assert "KE" in resolve_all(kazakh, [own], today=TODAY)
    assert resolve((), "KE", [own], today=TODAY) == found


def test_a_mission_to_an_organisation_does_not_become_the_embassy(
    kazakh: tuple[Mission, ...],
) -> None:
    fax = (Contact("fax", "+41227886602"),)
    own = Override("KZ", "CH", fax, city="Geneva", kind="permanent-mission")

    found = resolve(kazakh, "CH", [own], today=TODAY)

    assert (found.reason, found.city) == (Reason.RESIDENT, "Bern")
    assert values(found, "fax") == []


def test_a_campaigns_consulate_counts_only_where_no_embassy_is_known() -> None:
    own = Override("RT", "XX", (Contact("email", "c@x.xx"),), city="Port", kind="consulate")
    consulate = mission("port", "XX", kind="consulate", jurisdictions=(), city="Port")

    assert chosen([mission("embassy", "XX"), consulate], "XX", own) == "embassy"
    found = resolve([consulate], "XX", [own], today=TODAY)
    assert (found.reason, found.mission_id) == (Reason.OWN_CONTACT, "port")
    assert values(found, "email") == ["c@x.xx"]


def test_contacts_for_another_state_or_without_content_change_nothing(
    kazakh: tuple[Mission, ...],
) -> None:
    others = [Override("RU", "GB", (EMAIL,)), Override("KZ", "GB", ())]

    assert resolve(kazakh, "GB", others, today=TODAY) == resolve(kazakh, "GB", today=TODAY)


# ------------------------------------------------------------------------------------- age


@pytest.mark.parametrize(
    ("as_of", "checked", "age"),
    [
        (date(2025, 5, 23), None, Age.FRESH),
        (date(2025, 5, 22), None, Age.AGED),
        (date(2021, 11, 23), None, Age.AGED),
        (date(2021, 11, 22), None, Age.STALE),
        (date(2012, 4, 1), date(2026, 10, 1), Age.FRESH),
        (None, date(2020, 1, 1), Age.STALE),
        (None, None, Age.AGED),
        (date(2030, 1, 1), None, Age.FRESH),
    ],
)
def test_age_counts_from_the_last_day_a_contact_was_seen(
    as_of: date | None, checked: date | None, age: Age
) -> None:
    assert age_of(as_of, checked, TODAY) is age


def test_a_check_counts_only_for_the_field_it_must_have_been_about() -> None:
    one = mission("one", "XX", email="e@x.xx", as_of="2022-01-01", checked="2026-01-01")
    two = mission(
        "two", "XX", email="e@x.xx", phone="+41313517969", as_of="2022-01-01", checked="2026-01-01"
    )

    (email,) = resolve([one], "XX", today=TODAY).channels
    assert (email.checked, email.age) == (date(2026, 1, 1), Age.FRESH)
    assert {it.checked for it in resolve([two], "XX", today=TODAY).channels} == {None}


# ---------------------------------------------------------------------------------- properties

CODES = st.sampled_from(["AA", "BB", "CC", "RT"])
CONTACTS = st.tuples(
    st.builds(Contact, st.sampled_from(["email", "phone", "fax", "postal", "web"]), st.text("+1a"))
)


@given(
    country=CODES,
    missions=st.lists(
        st.builds(
            mission,
            st.uuids().map(str),
            CODES,
            jurisdictions=st.lists(CODES, max_size=3).map(tuple),
            kind=st.sampled_from(["embassy", "consulate", "permanent-mission", "high-commission"]),
            email=st.sampled_from(["", "e@x.xx"]),
        ),
        max_size=6,
    ),
    overrides=st.lists(
        st.builds(Override, st.sampled_from(["RT", "QQ"]), CODES, CONTACTS), max_size=3
    ),
)
def test_every_contact_shown_was_given_by_somebody(
    country: str, missions: list[Mission], overrides: list[Override]
) -> None:
    found = resolve(missions, country, overrides, today=TODAY)

    known = {it.email for it in missions} | {c.value for o in overrides for c in o.contacts}
    assert {channel.value for channel in found.channels} <= known
    assert (found.reason is Reason.NONE) == (found.host == "")


def test_a_number_nobody_can_call_is_named_as_missing() -> None:
    printed = mission("one", "AA", email="e@x.xx", phone_raw="+20-77276312")

    found = resolve([printed], "AA", today=TODAY)

    assert found.holes == ("phone",)
    said = plain(Message(blocks=found_blocks(found, Translator("en"), "AA")))
    assert "Phone: misprinted in the source, it cannot work" in said
    age = {**printed.age, "phone": "2026-01-01"}
    called = replace(printed, phone="+442072727631", age=age)
    assert resolve([called], "AA", today=TODAY).holes == ()


def test_of_two_posts_the_one_whose_mailbox_nobody_doubts_is_taken() -> None:
    posts = [
        mission("one", "AA", email="one@x.xx", as_of="2026-01-01", city="Northtown"),
        mission("two", "AA", email="two@x.xx", as_of="2025-01-01", city="Southtown"),
    ]
    doubtful = {key_of("email", "One@x.xx")}

    assert values(resolve(posts, "AA", today=TODAY), "email") == ["one@x.xx"]
    assert values(resolve(posts, "AA", today=TODAY, doubtful=doubtful), "email") == ["two@x.xx"]
    only = resolve(posts[:1], "AA", today=TODAY, doubtful=doubtful)
    assert values(only, "email") == ["one@x.xx"]  # nothing is taken away
    assert only.reachable  # it can still be written to
    assert not only.trusted  # but the fallback is shown beside it


def test_of_two_posts_the_one_whose_mailbox_is_not_known_to_be_dead_is_taken() -> None:
    posts = [
        mission("one", "AA", email="one@x.xx", as_of="2026-01-01", city="Northtown"),
        mission("two", "AA", email="two@x.xx", as_of="2025-01-01", city="Southtown"),
    ]
    north = Override(sending="RT", host="AA", city="Northtown", contacts=(), without=("email",))
    assert chosen(posts, "AA", north) == "two"

    new = replace(north, contacts=(Contact(kind="email", value="new@x.xx"),))
    assert chosen(posts, "AA", new) == "one"


def test_who_writes_embassy_means_the_high_commission_that_is_one() -> None:
    high = mission("one", "AA", kind="high-commission", email="old@x.xx")
    own = Override("RT", "AA", (Contact(kind="phone", value="+41313517969"),), kind="embassy")

    found = resolve([high], "AA", [own], today=TODAY)

    assert values(found, "email") == ["old@x.xx"]
    assert values(found, "phone") == ["+41313517969"]
    ours = MissionRef.model_construct(sending="RT", host="AA", kind="embassy", city="")
    assert is_same_mission(found, ours)
    assert not is_same_mission(found, ours.model_copy(update={"sending": "XX"}))
    assert not is_same_mission(found, ours.model_copy(update={"kind": "consulate"}))
    assert not is_same_mission(found, ours.model_copy(update={"city": "Elsewhere"}))


def test_a_mailbox_for_travellers_says_so_unless_the_campaign_knows_a_better_one() -> None:
    post = mission("one", "AA", email="visa@x.xx", flags=("consular_mailbox",))
    better = Override("RT", "AA", (Contact(kind="email", value="amb@x.xx"),))

    for overrides, warned in (((), True), ((better,), False)):
        found = resolve([post], "AA", overrides, today=TODAY)
        said = plain(Message(blocks=found_blocks(found, Translator("en"), "AA")))
        assert ("mailbox for visas" in said) is warned


def test_what_an_organiser_knows_to_be_dead_is_not_taken_from_the_directory() -> None:
    post = mission("one", "AA", email="one@x.xx", phone="+41313517969")
    dead = Override(sending="RT", host="AA", contacts=(), without=("email",))

    found = resolve([post], "AA", [dead], today=TODAY)

    assert (found.reason, values(found, "email")) == (Reason.RESIDENT, [])
    assert values(found, "phone") == ["+41313517969"]
