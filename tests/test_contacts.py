from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.campaign import ContactKind
from handlers.contact_lines import contact_lines
from handlers.contacts import comparable, normalise
from handlers.i18n import Translator
from handlers.message import Bullets, plain_spans

NUMBERS_THAT_WORK = {
    "+7 7172 506 402": "+77172506402",
    "+7 7172 74 05 48": "+77172740548",
    "+43 1 890 80 08 20": "+431890800820",
    "++7 7172 747570": "+77172747570",
    "++7 (7172) 74 55 24": "+77172745524",
    "+41 (0) 22 788 66 02": "+41227886602",
    "0041 22 788 66 02": "+41227886602",
    "00 41 22 788 66 02": "+41227886602",
    "007 / 7172 / 74 75 70": "+77172747570",
    "(+41) 22 788 66 02": "+41227886602",
    "Fax: +7 7172 506 402": "+77172506402",
    "+353 1 631 50 00 / 03 / 04 /": "+35316315000",
    "\u202a+41 22 788 66 02\u202c": "+41227886602",
    "+٤١ ٢٢ ٧٨٨ ٦٦ ٠٢": "+41227886602",
}
ADDRESSES_THAT_WORK = {
    "Kense@mvd.kz": "Kense@mvd.kz",
    "brussels@mfa.kz.": "brussels@mfa.kz",
    "mailto:mission@kazakhstan-geneva.ch": "mission@kazakhstan-geneva.ch",
    "kzosce (at) kazakhstan.at": "kzosce@kazakhstan.at",
    "kzosce(a)kazakhstan.at": "kzosce@kazakhstan.at",
    "kzosce[at]kazakhstan[dot]at": "kzosce@kazakhstan.at",
    "<kzosce@kazakhstan.at>": "kzosce@kazakhstan.at",
}


@pytest.mark.parametrize("printed", NUMBERS_THAT_WORK)
def test_a_printed_number_becomes_one_that_can_be_dialled(printed: str) -> None:
    (contact,) = normalise("fax", printed)

    assert (contact.normal, contact.problem) == (NUMBERS_THAT_WORK[printed], "")
    assert contact.printed == printed
    assert contact.usable


@pytest.mark.parametrize("printed", ADDRESSES_THAT_WORK)
def test_a_printed_address_becomes_one_that_can_be_written_to(printed: str) -> None:
    (contact,) = normalise("email", printed)

    assert (contact.normal, contact.problem) == (ADDRESSES_THAT_WORK[printed], "")


def test_a_dead_area_code_is_offered_as_a_repair_and_never_applied() -> None:
    first, second = normalise("fax", "+ 7 3172 32 61 82, 007 / 3172 / 32 40 89")

    assert [first.printed, second.printed] == ["+ 7 3172 32 61 82", "007 / 3172 / 32 40 89"]
    assert [first.repair, second.repair] == ["+77172326182", "+77172324089"]
    assert [first.normal, second.normal] == ["", ""]
    assert [first.problem, second.problem] == ["not_valid", "not_valid"]
    assert not first.usable


def test_a_russian_number_that_begins_like_a_dead_kazakh_one_is_left_alone() -> None:
    (contact,) = normalise("phone", "+7 3412 12 34 56")

    assert (contact.normal, contact.repair) == ("+73412123456", "")


@pytest.mark.parametrize(
    ("printed", "problem"),
    [
        ("8 (7172) 74 55 24", "unreadable"),  # a country's own prefix says nothing about it
        ("01 631 50 00", "unreadable"),
        ("+1 800 FLOWERS", "unreadable"),  # letters are not digits
        ("++++", "unreadable"),
        ("+44 8079 304957", "not_valid"),
        ("", "unreadable"),
    ],
)
def test_a_number_that_cannot_be_dialled_says_so(printed: str, problem: str) -> None:
    (contact,) = normalise("phone", printed)

    assert (contact.normal, contact.problem, contact.repair) == ("", problem, "")


# Numbers of the embassy directory's source that fail: old numbering plans, a wrong or missing
# country code, a missing area code, a closed satellite range.
@pytest.mark.parametrize(
    "printed",
    [
        "+57-1-6353406",
        "+225-22-44-26-69",
        "+966-2-651 5436",
        "+63-2-822-1777",
        "+844-38453736",
        "+20-77276312",
        "+41-24412706",
        "+44-4823557",
        "+27-2543",
        "+91-26152228",
        "+873-7630-95560",
        "00448079304957",
        "01 631 50 00 / 03 / 04 /",
    ],
)
def test_a_number_that_leads_nowhere_is_kept_as_a_hole_without_any_guess(printed: str) -> None:
    (contact,) = normalise("phone", printed)

    assert (contact.printed, contact.normal, contact.repair) == (printed, "", "")
    assert contact.problem in ("not_valid", "unreadable")


def test_every_row_of_the_appeals_ends_as_it_must() -> None:
    rows = {
        "+ 7 3172 32 61 82": [("", "+77172326182")],
        "007 / 3172 / 32 40 89": [("", "+77172324089")],
        "+ 7 3172 32 61 82, 007 / 3172 / 32 40 89": [("", "+77172326182"), ("", "+77172324089")],
        "+7 7172 506 402": [("+77172506402", "")],
        "+7 7172 74 05 48": [("+77172740548", "")],
        "+41 (0) 22 788 66 02": [("+41227886602", "")],
        "+43 1 890 80 08 20": [("+431890800820", "")],
        "++7 7172 747570": [("+77172747570", "")],
        "++7 (7172) 74 55 24": [("+77172745524", "")],
    }

    read = {it: [(one.normal, one.repair) for one in normalise("fax", it)] for it in rows}

    assert read == rows


@pytest.mark.parametrize("between", [", ", "; ", " or ", " или ", "\n", " / ", "/"])
def test_two_numbers_in_one_field_are_two_contacts(between: str) -> None:
    found = normalise("phone", f"+7 7172 74 05 48{between}+7 7172 506 402")

    assert [contact.normal for contact in found] == ["+77172740548", "+77172506402"]


def test_behind_a_stroke_stand_extensions_unless_a_number_begins() -> None:
    found = normalise("phone", "+7 7172 74 05 48 / 49 / 50")
    assert [(it.normal, it.printed) for it in found] == [
        ("+77172740548", "+7 7172 74 05 48 / 49 / 50")
    ]
    found = normalise("phone", "+44 20 7925 1757 / 0044 20 7925 1758")
    assert [it.normal for it in found] == ["+442079251757", "+442079251758"]


@pytest.mark.parametrize("blank", [" ", "\u00a0"])
def test_an_address_hidden_from_robots_is_a_hole(blank: str) -> None:
    found = normalise("email", f"[email{blank}protected]; [email{blank}protected]")

    assert [(contact.normal, contact.problem) for contact in found] == [("", "redacted")] * 2


@pytest.mark.parametrize(
    "printed",
    [
        "a@@b.kz",
        "a@b",
        ".a@b.kz",
        "a..b@c.kz",
        "mfа@mfa.kz",  # the third letter is Cyrillic
        "a b@c.kz",
        "a@-b.kz",
        "x" * 65 + "@b.kz",
        "a@b.kz\u0000",
        "Kense",
    ],
)
def test_what_is_no_address_is_not_used(printed: str) -> None:
    (contact,) = normalise("email", printed)

    assert not contact.usable
    assert contact.problem in ("not_valid", "unreadable")


def test_addresses_keep_their_capitals_and_compare_without_them() -> None:
    (capital,), (small,) = normalise("email", "Kense@mvd.kz"), normalise("email", "kense@MVD.kz")

    assert capital.normal != small.normal
    assert comparable(capital) == comparable(small)


@pytest.mark.parametrize(
    "printed",
    [
        "javascript:alert(1)",
        "http://u:p@fidh.org",
        "http://[::1",
        "https://a b.org",
        "mailto:a@b.c",
    ],
)
def test_a_web_address_is_a_plain_page_or_nothing(printed: str) -> None:
    (contact,) = normalise("web", printed)

    assert (contact.normal, contact.problem, contact.repair) == ("", "not_valid", "")


def test_a_web_address_without_its_beginning_is_offered_complete() -> None:
    (contact,) = normalise("web", "www.fidh.org/en")

    assert (contact.normal, contact.repair) == ("", "https://www.fidh.org/en")


def test_an_envelope_keeps_its_lines_and_commas() -> None:
    (contact,) = normalise("postal", " 33 Thurloe Square, \n\n London SW7 2SD ")

    assert contact.normal == "33 Thurloe Square,\nLondon SW7 2SD"


def test_what_cannot_be_used_is_named_beside_what_can() -> None:
    contacts = [
        *normalise("fax", "+7 7172 506 402, + 7 3172 32 61 82"),
        *normalise("email", "[email\u00a0protected]"),
    ]

    (lines,) = contact_lines(contacts, Translator("en"), date(2026, 9, 21))

    assert isinstance(lines, Bullets)
    assert [plain_spans(line) for line in lines.items] == [
        "Fax: +7 7172 50 64 02 (date not known)",
        "E-mail: hidden by the website it was taken from",
        "Fax (another): misprinted in the source, it cannot work",
    ]


KINDS = st.sampled_from(["email", "phone", "fax", "postal", "web"])
PRINTED = st.one_of(
    st.text(),
    st.text(alphabet="+0123456789 ()/-.,;٣７extorphone", max_size=40),
    st.text(alphabet="@.ab-()[]t d,;\u00a0а", max_size=40),
)


def digits(text: str) -> list[int]:
    return [unicodedata.decimal(letter) for letter in text if letter.isdecimal()]


@given(kind=KINDS, printed=PRINTED)
def test_nothing_printed_makes_it_fail_or_invent(kind: ContactKind, printed: str) -> None:
    found = normalise(kind, printed)

    assert found
    for contact in found:
        assert bool(contact.normal) != bool(contact.problem)
        assert contact.printed in printed
        remaining = iter(digits(contact.printed))
        assert all(digit in remaining for digit in digits(contact.normal))


@given(printed=PRINTED)
def test_a_normal_form_stays_what_it_is(printed: str) -> None:
    for contact in normalise("phone", printed) + normalise("email", printed):
        if contact.usable:
            (again,) = normalise(contact.kind, contact.normal)
            assert again.normal == contact.normal
