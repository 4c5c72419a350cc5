"""The names of countries in many languages, and what people say instead of them."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TypeVar

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from handlers.spellings import fold

# Names are looked up in all of these, whatever the reader's language: people answer in theirs.
LANGUAGES = ("en", "ru", "kk", "de", "fr", "uk", "es", "it", "pl", "tr")

# In CLDR, but regions, groups, uninhabited reserves or placeholders: not in ISO 3166-1.
_NOT_COUNTRIES = frozenset({
    "AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ",
})  # fmt: skip

# What people say and CLDR does not. Parts of a state lead to the state whose embassies it has.
_COMMON = {
    "AE": "UAE, Emirates, Эмираты, ОАЭ, Объединённые Арабские Эмираты",
    "BA": "Bosnia, Босния, Bosnien, Bosnie, BiH, Bosnia Herzegovina, БиГ",
    "BY": "Byelorussia, Belorussia, Белоруссия, Weissrussland, Biélorussie, Білорусія, РБ",
    "CD": "DR Congo, DRC, Congo Kinshasa, Democratic Republic of the Congo, Democratic Republic "
    "of Congo, Zaire, ДРК, Демократическая Республика Конго, ДР Конго, Заир, RDC",
    "CF": "Central Africa, ЦАР",
    "CG": "Republic of the Congo, Republic of Congo, Congo Republic, Республика Конго",
    "CH": "Swiss, Schweiz, Швейцарская Конфедерация, Swiss Confederation",
    "CI": "Ivory Coast, Берег Слоновой Кости, Elfenbeinküste",
    "CN": "PRC, КНР, Mainland China, People's Republic of China, Китайская Народная Республика",
    "CV": "Cabo Verde",
    "CZ": "Czech Republic, Czech, Чешская Республика, Tschechische Republik, "
    "République tchèque, Česko, Česká republika",
    "DE": "Deutschland, ФРГ, Bundesrepublik, BRD, Federal Republic of Germany",
    "FM": "Federated States of Micronesia",
    "GB": "UK, Britain, Great Britain, England, Scotland, Wales, Northern Ireland, GB and NI, "
    "United Kingdom of Great Britain and Northern Ireland, Англия, Британия, Шотландия, Уэльс, "
    "Северная Ирландия, Соединённое Королевство, Объединённое Королевство, Großbritannien, "
    "Angleterre, Grande-Bretagne, Écosse, Gran Bretaña, Inglaterra, Gran Bretagna, Inghilterra, "
    "Anglia, Brytania, Англія, İngiltere, Büyük Britanya, Ұлыбритания",
    "GE": "Sakartvelo, Republic of Georgia",
    "GM": "The Gambia",
    "GN": "Guinea Conakry, Guinée Conakry, Гвинея Конакри, Republic of Guinea",
    "GR": "Hellas",
    "HK": "Hong Kong, Hongkong, Гонконг",
    "IE": "Eire, Republic of Ireland, Irish Republic",
    "IR": "Persia, Islamic Republic of Iran",
    "KG": "Kirghizia, Kirgizia, Kirgizstan, Kyrgyz Republic, Киргизстан, Кыргызстан, "
    "Киргизия, Кыргызская Республика",
    "KP": "DPRK, КНДР, Северная Корея, Democratic People's Republic of Korea, Corée du Nord",
    "KR": "ROK, Южная Корея, Republic of Korea, Республика Корея",
    "KZ": "Qazaqstan, Kazakstan, Казакстан, РК, Қазақстан",
    "LA": "Lao, Lao PDR",
    "MD": "Moldavia, Молдавия, Republic of Moldova",
    "MK": "Macedonia, Македония, FYROM, Mazedonien, Macédoine",
    "MM": "Burma, Myanmar, Бирма, Мьянма",
    "MO": "Macao, Macau, Макао",
    "NL": "Holland, The Netherlands, Голландия, Hollande, Olanda, Hollanda, Holandia, Голландія",
    "NZ": "Aotearoa",
    "PG": "PNG",
    "PH": "The Philippines",
    "PS": "Palestine, Палестина, State of Palestine",
    "RU": "Russian Federation, Россия, RF, РФ, Российская Федерация, Россiя",
    "SA": "KSA, Saudi, Саудия",
    "SK": "Slovak Republic, Словацкая Республика",
    "SY": "Syrian Arab Republic",
    "SZ": "Swaziland, Свазиленд",
    "TL": "East Timor, Восточный Тимор, Timor",
    "TM": "Туркмения, Turkmenia",
    "TR": "Turkey, Turkiye",
    "TW": "Formosa",
    "UA": "The Ukraine, Ukraina, Україна",
    "US": "USA, US of A, United States of America, The States, США, Штаты, АҚШ, "
    "Соединённые Штаты Америки, Vereinigte Staaten von Amerika, États-Unis d'Amérique, EEUU, "
    "Estados Unidos de América, Stati Uniti d'America, ABD",
    "UZ": "Oʻzbekiston, Ozbekistan, РУз",
    "VA": "Vatican, Holy See, The Holy See, Ватикан, Святой Престол, Vatikan",
    "VN": "Viet Nam",
    "XK": "Kosova, Косово",
    "ZA": "ЮАР, RSA, Южная Африка",
}
# What countries call themselves, where none of `LANGUAGES` says it so.
_THEMSELVES = {
    "AL": "Shqipëria", "AM": "Հայաստան, Hayastan", "AZ": "Azərbaycan", "BE": "België",
    "BG": "България", "CN": "中国, 中國", "DK": "Danmark", "EE": "Eesti", "FI": "Suomi",
    "GE": "საქართველო", "GR": "Ελλάδα", "HR": "Hrvatska", "HU": "Magyarország", "IL": "ישראל",
    "IR": "ایران", "IS": "Ísland", "JP": "日本, Nippon", "KR": "한국, 대한민국", "LT": "Lietuva",
    "LV": "Latvija", "ME": "Crna Gora, Црна Гора", "MN": "Монгол Улс", "NL": "Nederland",
    "NO": "Norge", "RO": "România", "RS": "Srbija, Србија", "SE": "Sverige", "SI": "Slovenija",
    "SK": "Slovensko", "TJ": "Тоҷикистон", "TM": "Türkmenistan", "XK": "Kosovë",
}  # fmt: skip
# Said of one country but meaning more to others: better asked than assumed.
_LOOSE = {
    "US": "America, Америка, Amerika, Amérique, América, Ameryka",
}
# The name of one is the word for all of them.
_SHARED = {
    ("GN", "GW", "GQ"): "Guinea, Гвинея, Гвінея, Guinée, Gwinea, Gine",
    ("CD", "CG"): "Congo, Kongo, Конго",
    ("KR", "KP"): "Korea, Корея, Corée, Corea, Kore, Coreia",
    ("TW", "CN"): "Republic of China, Китайская Республика",
}
T = TypeVar("T")
_IN_BRACKETS = re.compile(r"\s*\(.*\)")


@cache
def country_codes() -> frozenset[str]:
    """The 249 codes of ISO 3166-1 alpha-2, and XK for Kosovo."""
    codes = {str(code) for code in Locale("en").territories}
    return frozenset(it for it in codes if len(it) == 2 and it.isalpha()) - _NOT_COUNTRIES


@cache
def three_letter_codes() -> MappingProxyType[str, str]:
    """ISO 3166-1 alpha-3 to alpha-2."""
    aliases = {old: new for old, new in get_global("territory_aliases").items() if len(new) == 1}
    known = {old: new[0] for old, new in aliases.items() if len(old) == 3 and old.isalpha()}
    three = {old: new for old, new in known.items() if new in country_codes()}
    return MappingProxyType(three | {"XKX": "XK"})


def locale(language: str) -> Locale | None:
    """Babel's locale for "en", "en-GB" or "pt_BR", its base language's, or None."""
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*", language):
        return None
    tag = language.replace("-", "_")
    for name in (tag, tag.split("_", maxsplit=1)[0]):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return None


@lru_cache(maxsize=64)
def names(language: str) -> MappingProxyType[str, str]:
    """Folded names of countries in a language, with the code each means."""
    spoken = locale(language)
    if spoken is None:
        return MappingProxyType({})
    full = {code: spoken.territories.get(code, "") for code in sorted(country_codes())}
    stems = {code: _IN_BRACKETS.sub("", name) for code, name in full.items()}
    twice = {stem for stem, times in Counter(stems.values()).items() if times > 1}
    found = {fold(stem): code for code, stem in stems.items() if stem not in twice}
    found |= {fold(name): code for code, name in full.items()}
    return MappingProxyType({name: code for name, code in found.items() if name})


@cache
def common_names() -> MappingProxyType[str, str]:
    """Folded short, old, official, native and colloquial names, with the code each means."""
    return MappingProxyType({**_by_name(_COMMON), **_by_name(_THEMSELVES)})


@cache
def loose_names() -> MappingProxyType[str, str]:
    """Folded names that probably mean a country but should be asked about."""
    return _by_name(_LOOSE)


@cache
def shared_names() -> MappingProxyType[str, tuple[str, ...]]:
    """Folded names that mean several countries equally."""
    return _by_name(_SHARED)


def _by_name(table: dict[T, str]) -> MappingProxyType[str, T]:
    return MappingProxyType(
        {fold(name): code for code, listed in table.items() for name in listed.split(", ")}
    )


@cache
def every_name() -> MappingProxyType[str, str]:
    """All the names in all of `LANGUAGES` and the common ones, for misspellings."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        found.update(names(language))
    return MappingProxyType(found | common_names())
