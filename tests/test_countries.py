"""What people type for their country, language and time zone, and what they get."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.countries import CountryMatch, country_name, find_country, suggest_countries
from handlers.country_names import (
    LANGUAGES,
    common_names,
    country_codes,
    loose_names,
    shared_names,
    three_letter_codes,
)
from handlers.i18n import Translator
from handlers.languages import find_language
from handlers.timezones import (
    country_timezone,
    country_timezones,
    find_timezone,
    timezone_named,
)

CODES = sorted(country_codes())


# -------------------------------------------------------------------------------- certain answers


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("GB", "GB"), ("gb", "GB"), ("GBR", "GB"), ("kaz", "KZ"), ("XK", "XK"), ("XKX", "XK"),
        ("UK", "GB"), ("U.K.", "GB"), ("U. S. A.", "US"), ("usa", "US"), ("Britain", "GB"),
        ("England", "GB"), ("Scotland", "GB"), ("Англия", "GB"), ("Великобритания", "GB"),
        ("Россия", "RU"), ("РФ", "RU"), ("Holland", "NL"), ("Czech Republic", "CZ"),
        ("Burma", "MM"), ("Myanmar", "MM"), ("Ivory Coast", "CI"), ("Киргизия", "KG"),
        ("Белоруссия", "BY"), ("Turkey", "TR"), ("ЮАР", "ZA"), ("США", "US"), ("ОАЭ", "AE"),
        ("DRC", "CD"), ("Republic of the Congo", "CG"), ("DPRK", "KP"), ("Республика Корея", "KR"),
        ("Hong Kong", "HK"), ("Гонконг", "HK"), ("Northern Ireland", "GB"), ("Ireland", "IE"),
        ("Georgia", "GE"), ("Niger", "NE"), ("Nigeria", "NG"), ("Sudan", "SD"), ("Samoa", "WS"),
        ("Dominica", "DM"), ("Suomi", "FI"), ("Magyarország", "HU"), ("日本", "JP"),
        ("Sverige", "SE"), ("Guinea-Bissau", "GW"), ("Papua New Guinea", "PG"),
    ],
)  # fmt: skip
def test_names_codes_and_short_forms_are_understood(text: str, code: str) -> None:
    assert find_country(text, ["en"]) == CountryMatch(code, exact=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("  united   KINGDOM ", "GB"),
        ("osterreich", "AT"),
        ("ÖSTERREICH", "AT"),
        ("cote d'ivoire", "CI"),
        ("Cote Divoire", "CI"),
        ("TÜRKİYE", "TR"),
        ("St Lucia", "LC"),
        ("Saint Lucia", "LC"),
        ("острова Кайман", "KY"),
        ("Черногория", "ME"),
        ("Germany!", "DE"),
        ("\u200eKazakhstan\u200b", "KZ"),
        ("Trinidad and Tobago", "TT"),
    ],
)
def test_case_spaces_accents_and_stray_marks_do_not_matter(text: str, code: str) -> None:
    assert find_country(text, ["en"]) == CountryMatch(code, exact=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("in the UK", "GB"),
        ("I live in Norway", "NO"),
        ("Республика Казахстан", "KZ"),
        ("Kingdom of the Netherlands", "NL"),
        ("Federal Republic of Germany", "DE"),
        ("Federative Republic of Brazil", "BR"),
        ("Islamic Republic of Pakistan", "PK"),
        ("République de Moldavie", "MD"),
        ("People's Republic of China", "CN"),
    ],
)
def test_words_around_the_name_are_looked_past(text: str, code: str) -> None:
    assert find_country(text, ["en", "fr"]) == CountryMatch(code, exact=True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("🇬🇧", "GB"),
        ("🇰🇿 Kazakhstan", "KZ"),
        ("🇽🇰", "XK"),
        ("🇬🇳 Guinea", "GN"),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "GB"),
    ],
)
def test_a_flag_is_an_answer(text: str, code: str) -> None:
    assert find_country(text, ["en"]) == CountryMatch(code, exact=True)


def test_a_flag_and_another_name_are_asked_about() -> None:
    assert find_country("🇬🇧 Germany", ["en"]).candidates == ("GB", "DE")
    assert find_country("🇬🇧🇩🇪", ["en"]).candidates == ("GB", "DE")
    assert find_country("🇪🇺", ["en"]) == CountryMatch()


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("code", CODES)
def test_every_countrys_own_name_means_it(code: str, language: str) -> None:
    match = find_country(country_name(code, language), [language])

    if code == "GN":  # the only one that is also the word for its neighbours
        assert match.candidates == ("GN", "GW", "GQ")
    else:
        assert match == CountryMatch(code, exact=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_other_languages_never_mean_another_country(language: str) -> None:
    for code in CODES:
        match = find_country(country_name(code, language), ["en"])
        assert match == CountryMatch(code, exact=True) or code in match.candidates


def test_common_names_are_taken_only_for_their_own_country() -> None:
    codes = {code.casefold(): code for code in CODES}
    codes |= {three.casefold(): code for three, code in three_letter_codes().items()}

    for name, code in common_names().items():
        assert code in country_codes()
        assert codes.get(name, code) == code
    assert not common_names().keys() & (shared_names().keys() | loose_names().keys())


# ------------------------------------------------------------------------- questions, not guesses


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("Guinea", {"GN", "GW", "GQ"}),
        ("Гвинея", {"GN", "GW", "GQ"}),
        ("Congo", {"CD", "CG"}),
        ("Конго", {"CD", "CG"}),
        ("Korea", {"KR", "KP"}),
        ("Корея", {"KR", "KP"}),
        ("Virgin Islands", {"VG", "VI"}),
        ("Виргинские острова", {"VG", "VI"}),
        ("Austrlia", {"AU", "AT"}),
        ("Nigera", {"NG", "NE"}),
    ],
)
def test_a_name_of_several_countries_is_a_choice(text: str, candidates: set[str]) -> None:
    match = find_country(text, ["en", "ru"])

    assert (match.code, match.exact, set(match.candidates)) == ("", False, candidates)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Brittain", "GB"),
        ("Kazahstan", "KZ"),
        ("Germny", "DE"),
        ("Gemrany", "DE"),
        ("Казахстн", "KZ"),
        ("в Германии", "DE"),
        ("Netherland", "NL"),
        ("London", "GB"),
        ("лондон", "GB"),
        ("Munich", "DE"),
        ("Астана", "KZ"),
        ("America", "US"),
        ("Leste", "TL"),
        ("no", "NO"),
        ("me", "ME"),
    ],
)
def test_what_is_probably_meant_is_marked_as_a_guess(text: str, code: str) -> None:
    assert find_country(text, ["en"]) == CountryMatch(code, exact=False)


@pytest.mark.parametrize(
    "text", ["", "   ", "\u200b", "?", "1234", "qwzx", "islands", "EU", "💥", "x" * 100_000, "ZZ"]
)
def test_what_means_nothing_is_nothing(text: str) -> None:
    match = find_country(text, ["en"])

    assert (match.code, match.candidates) == ("", ())


@pytest.mark.parametrize("text", ["Chechnya", "Tibet", "Kurdistan", "Transnistria", "Narnia"])
def test_what_is_no_country_here_is_not_taken_for_one(text: str) -> None:
    match = find_country(text, ["en"])

    assert (match.code, match.candidates) == ("", ())


def test_something_remotely_alike_is_suggested() -> None:
    assert find_country("Narnia", ["en"]).suggestions[:1] == ("AM",)


@given(st.text(max_size=90), st.lists(st.text(max_size=8), max_size=2))
@example("🇦", ["../../etc", "xx-YY", "zh-Hans-CN"])
@example("a" * 79 + "🇬🇧", [])
def test_any_text_at_all_gets_an_answer(text: str, languages: list[str]) -> None:
    match = find_country(text, languages)

    codes = [*match.candidates, *match.suggestions, *([match.code] if match.code else [])]
    assert set(codes) <= country_codes()
    assert not (match.code and match.candidates)
    assert len(match.candidates) != 1
    assert match.code or not match.exact


@given(st.sampled_from(CODES), st.sampled_from(LANGUAGES), st.integers(0, 30))
def test_one_slip_of_the_finger_never_silently_means_another_country(
    code: str, language: str, at: int
) -> None:
    name = country_name(code, language)
    slip = name[:at] + name[at + 1 :]
    match = find_country(slip, [language])

    if match.exact and match.code != code:  # then the slip is the other one's real name
        names = {country_name(match.code, it).casefold() for it in LANGUAGES}
        assert match.code in slip.upper() or len(slip) <= 3 or slip.casefold() in names


# ------------------------------------------------------------------------------- names and buttons


def test_a_name_is_in_the_readers_language_or_english_or_the_code() -> None:
    assert country_name("GB", "ru") == "Великобритания"
    assert country_name("GB", "kk") == "Ұлыбритания"
    assert country_name("KZ", "en-GB") == country_name("KZ", "en_US") == "Kazakhstan"
    assert country_name("KZ", "xx") == country_name("KZ", "") == "Kazakhstan"
    assert country_name("QQ", "en") == "QQ"


def test_there_are_the_countries_of_iso_3166_and_kosovo() -> None:
    assert len(country_codes()) == 250
    assert not country_codes() & {"EU", "UN", "ZZ", "AC", "UK"}
    assert len({*three_letter_codes().values()}) == 250


@pytest.mark.parametrize(
    ("language", "first"),
    [
        ("en", "GB"),
        ("en-GB", "GB"),
        ("en_US", "US"),
        ("en-NZ", "NZ"),
        ("de-AT", "AT"),
        ("nl", "NL"),
        ("ru", "KZ"),
    ],
)
def test_the_first_buttons_follow_the_clients_language(language: str, first: str) -> None:
    assert suggest_countries(language)[0] == first
    assert len(suggest_countries(language)) >= 3


@given(st.one_of(st.text(max_size=12), st.sampled_from(["en", "ru-KZ", "pt-BR", "xx", ""])))
def test_there_are_always_a_few_buttons(language: str) -> None:
    offered = suggest_countries(language)

    assert 3 <= len(offered) <= 9
    assert len(set(offered)) == len(offered)
    assert set(offered) <= country_codes()


# ------------------------------------------------------------------------------------- languages


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"), ("EN", "en"), ("en-GB", "en"), ("ru_RU", "ru"), ("rus", "ru"),
        ("English", "en"), ("английский", "en"), ("anglais", "en"), ("Русский", "ru"),
        ("russisch", "ru"), ("РУССКИЙ ", "ru"), ("англ", "en"), ("russ", "ru"),
        ("", None), ("e", None), ("deutsch", None), ("de", None), ("🇬🇧", None), ("asdf", None),
    ],
)  # fmt: skip
def test_a_language_is_known_by_its_code_and_its_names(text: str, code: str | None) -> None:
    assert find_language(text, ("en", "ru")) == code


def test_only_available_languages_are_found_and_beginnings_must_be_clear() -> None:
    assert find_language("Deutsch", ("en", "ru", "de")) == "de"
    assert find_language("қазақ тілі", ("en", "kk")) == "kk"
    assert find_language("ital", ("it", "en")) == "it"
    assert find_language("ukr", ("uk", "en")) == "uk"
    assert find_language("Slov", ("sk", "sl")) is None
    assert find_language("English", ()) is None


@given(st.text(max_size=90))
def test_any_text_is_one_of_the_available_languages_or_none(text: str) -> None:
    assert find_language(text, ("en", "ru")) in {"en", "ru", None}


# ------------------------------------------------------------------------------------ time zones


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("KZ", "Asia/Almaty"), ("GB", "Europe/London"), ("RU", "Europe/Moscow"),
        ("US", "America/New_York"), ("AU", "Australia/Sydney"), ("CA", "America/Toronto"),
        ("BR", "America/Sao_Paulo"), ("UA", "Europe/Kyiv"), ("UZ", "Asia/Tashkent"),
        ("DE", "Europe/Berlin"), ("XK", "Europe/Belgrade"), ("BV", "UTC"),
    ],
)  # fmt: skip
def test_a_country_has_a_main_zone(code: str, zone: str) -> None:
    assert country_timezone(code) == zone


@pytest.mark.parametrize(
    ("zone", "called"),
    [
        ("Europe/Kyiv", "Киев"), ("Europe/Kiev", "Киев"), ("Asia/Kolkata", "Калькутта"),
        ("America/Argentina/Buenos_Aires", "Буэнос-Айрес"), ("UTC", "UTC"),
        ("Asia/Atyrau", "Атырау"),
    ],
)  # fmt: skip
def test_a_zone_is_called_by_its_city_in_the_readers_language(zone: str, called: str) -> None:
    assert Translator("ru").zone(zone) == called


def test_every_zone_offered_for_a_country_exists() -> None:
    for code in CODES:
        zones = country_timezones(code)
        assert all(ZoneInfo(zone).key == zone for zone in [*zones, country_timezone(code)])
        assert zones[:1] in ([country_timezone(code)], [])
        assert len(set(zones)) == len(zones)
    assert len(country_timezones("KZ")) == 7
    assert country_timezones("BV") == []


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("london", "Europe/London"), ("Лондон", "Europe/London"), ("New York", "America/New_York"),
        ("europe/london", "Europe/London"), ("Europe/Kiev", "Europe/Kiev"), ("UTC", "UTC"),
        ("Astana", "Asia/Almaty"), ("Астана", "Asia/Almaty"), ("Атырау", "Asia/Atyrau"),
        ("Atirau", "Asia/Atyrau"), ("москва", "Europe/Moscow"), ("Питер", "Europe/Moscow"),
        ("Köln", "Europe/Berlin"), ("asia almaty", "Asia/Almaty"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ],
)  # fmt: skip
def test_a_zone_is_known_by_its_name_and_its_cities(text: str, zone: str) -> None:
    assert find_timezone(text, "") == [zone]
    assert timezone_named(text) == zone


def test_a_misspelt_city_is_suggested_but_not_certain() -> None:
    assert find_timezone("Lndon", "GB") == ["Europe/London"]
    assert timezone_named("Lndon") == ""


def test_no_text_asks_for_the_countrys_zones_and_nonsense_for_none() -> None:
    assert find_timezone("", "KZ")[0] == "Asia/Almaty"
    assert find_timezone(" ", "KZ") == country_timezones("KZ")
    assert find_timezone("", "") == []
    for nonsense in ("xyzzy", "+5", "UTC+5", "Etc/GMT+5", "../../etc/passwd", "/"):
        assert find_timezone(nonsense, "KZ") == []


@given(st.text(max_size=90), st.sampled_from([*CODES, "", "QQ"]))
@example("Factory", "GB")
@example("posixrules", "GB")
def test_any_text_gives_only_zones_that_exist(text: str, country: str) -> None:
    for zone in find_timezone(text, country):
        assert ZoneInfo(zone).key == zone
    assert timezone_named(text, country) in {"", *find_timezone(text, country)}
