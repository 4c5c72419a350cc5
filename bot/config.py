"""config.toml → a checked Config. Every mistake is named at once; secrets never print."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from bot.config_reader import ConfigError, Problem, Secret, Section, Sections
from handlers.services import account_on

__all__ = ["Config", "ConfigError", "Problem", "Secret", "load_config"]

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{3,}")
_MXID = re.compile(r"@[^:\s]+:\S+")
_ACCOUNT = re.compile(r"[a-z0-9]{1,16}")
_LOCAL_PERSON = re.compile(r"[a-z0-9-]{1,32}")
# Ids that Telegram shows in place of many different people (pitfall of other bots' admin lists).
_NOBODY = {
    "1087968824": "every anonymous group administrator",
    "777000": "every channel forward",
    "136817688": "everybody who writes as a channel",
}

_TELEGRAM_RATE = 30  # messages a second that Telegram grants everybody
_OWN_SERVER_RATE = 10_000  # a server of your own may have other limits

Approvals = Literal["auto", 1, 2]
Groups = Literal["anyone", "organisers", "nobody"]
_GROUPS: tuple[Groups, ...] = ("anyone", "organisers", "nobody")


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """Where everything is kept."""

    url: str


@dataclass(frozen=True, slots=True)
class SecretsConfig:
    """Where the key is that seals addresses."""

    key_file: Path


@dataclass(frozen=True, slots=True)
class TelegramConfig:
    """The Telegram account; `rate` in messages a second.

    `settle_doubts`: look whether messages have arrived whose sending got no answer.
    """

    token: Secret
    api_url: str = ""
    rate: float = 29.0
    settle_doubts: bool = False
    usual_rate: ClassVar[float] = 29.0


@dataclass(frozen=True, slots=True)
class MatrixConfig:
    """A Matrix account: "matrix", or "matrix-NAME" for a further one.

    `groups` says who may bring it into a room of more than two.
    """

    homeserver: str
    user_id: str
    store: Path
    password: Secret | None = None
    access_token: Secret | None = None
    groups: Groups = "anyone"
    name: str = "matrix"


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """The built-in chat."""

    enabled: bool


@dataclass(frozen=True, slots=True)
class WebConfig:
    """The web listener."""

    host: str
    port: int
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """How many people must say yes, and how long everybody may still say stop."""

    approvals: Approvals = "auto"
    cooldown_seconds: int = 90


@dataclass(frozen=True, slots=True)
class SubscriptionsConfig:
    """How many new subscriptions an hour are alarming, and how many are taken (0: all)."""

    alarm_per_hour: int = 200
    cap_per_hour: int = 0


@dataclass(frozen=True, slots=True)
class OrganisersConfig:
    """Who owns the bot: (platform, immutable id)."""

    owners: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryConfig:
    """Where the embassy directory is refreshed from, and who asks there.

    `contact` is a page or an e-mail address that the sources are told.
    """

    sources: tuple[str, ...] = ("wikidata", "germany")
    contact: str = ""
    wikidata_url: str = ""  # "" for the service itself
    germany_url: str = ""
    there_are: ClassVar[tuple[str, ...]] = ("wikidata", "germany")


@dataclass(frozen=True, slots=True)
class LogConfig:
    """How much is logged, and in which form."""

    level: str = "info"
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the operator decided."""

    database: DatabaseConfig
    secrets: SecretsConfig
    local: LocalConfig
    web: WebConfig
    alerts: AlertsConfig = AlertsConfig()
    subscriptions: SubscriptionsConfig = SubscriptionsConfig()
    organisers: OrganisersConfig = OrganisersConfig()
    directory: DirectoryConfig = DirectoryConfig()
    log: LogConfig = LogConfig()
    telegram: TelegramConfig | None = None
    matrix: tuple[MatrixConfig, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def load_config(path: Path | None) -> Config:
    """The configuration in this file; without one, a trial with the built-in chat alone.

    Raises `ConfigError` with every mistake in it.
    """
    if path is None:
        return build_config({"organisers": {"owners": ["local:owner"]}}, Path.cwd())
    try:
        written = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            [Problem(str(path), "", "does not exist", "Copy config.example.toml there.")]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            [Problem(str(path), "", f"cannot be read: {reason}", "Give the bot a readable file.")]
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            [Problem(str(path), "", f"is not TOML: {error}", "Correct that line.")]
        ) from None
    return build_config(written, path.resolve().parent)


def build_config(written: Mapping[str, object], folder: Path) -> Config:
    """The configuration of these tables; relative paths start at `folder`."""
    sections = Sections(written, folder)
    telegram, matrix = _telegram(sections), _matrix(sections)
    local = sections.get("local")
    enabled = local.flag("enabled", default=telegram is None and not matrix)
    elsewhere = telegram is not None or bool(matrix)
    web = _web(sections.get("web"), enabled=enabled, elsewhere=elsewhere)
    if not elsewhere and not enabled:
        local.fault(
            "enabled",
            "no platform is left to talk on",
            "Add [telegram] or [matrix], or set enabled = true.",
        )
    config = Config(
        database=_database(sections.get("database"), folder),
        secrets=SecretsConfig(sections.get("secrets").path("key_file", "data/tocsin.key")),
        local=LocalConfig(enabled),
        web=web,
        alerts=_alerts(sections.get("alerts")),
        subscriptions=_subscriptions(sections.get("subscriptions")),
        organisers=_organisers(sections.get("organisers")),
        directory=_directory(sections.get("directory")),
        log=_log(sections.get("log")),
        telegram=telegram,
        matrix=matrix,
        warnings=tuple(sections.warnings),
    )
    sections.finish()
    return config


def _database(section: Section, folder: Path) -> DatabaseConfig:
    url = section.text("url", "sqlite:///data/tocsin.db")
    if url.startswith("sqlite:///"):
        return DatabaseConfig(f"sqlite:///{folder / url.removeprefix('sqlite:///')}")
    if not re.match(r"postgresql://.+", url):
        section.fault(
            "url",
            "is neither SQLite nor PostgreSQL",
            'Write "sqlite:///data/tocsin.db" or "postgresql://user@host/name".',
            value=repr(without_password(url)),
        )
    return DatabaseConfig(url)


def without_password(url: str) -> str:
    """A database's address as it may be shown."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", url)


def _telegram(sections: Sections) -> TelegramConfig | None:
    section = sections.find("telegram")
    if section is None:
        return None
    token = section.secret("token", needed=True)
    if token is not None and not _TOKEN.fullmatch(token.reveal()):
        section.fault(
            "token", "does not look like a bot token", "Copy it again from @BotFather.", value=""
        )
    api_url = section.url("api_url")
    most = _OWN_SERVER_RATE if api_url else _TELEGRAM_RATE
    rate = section.number("rate", TelegramConfig.usual_rate)
    if not 0 < rate <= most:
        section.fault("rate", f"must lie between 0 and {most}", "Leave it out, or write 29.")
    settle_doubts = section.flag("settle_doubts", default=False)
    return TelegramConfig(token or Secret(""), api_url, rate, settle_doubts)


def _matrix(sections: Sections) -> tuple[MatrixConfig, ...]:
    """The account in [matrix], and further ones in [matrix.NAME]."""
    first = sections.find("matrix")
    if first is None:
        return ()
    found = [_matrix_account(first, "matrix", "data/matrix")]
    for name, section in first.tables():
        if not _ACCOUNT.fullmatch(name):
            remedy = "Use 1 to 16 small letters and digits."
            section.fault("", "is no name of an account", remedy, value="")
        known = account_on("matrix", name)
        account = _matrix_account(section, known, f"data/{known}")
        for other in found:
            if account.user_id and account.user_id == other.user_id:
                section.fault("user_id", f"is the account of {other.name}", "Name another one.")
            if account.store == other.store:
                section.fault("store", f"holds the keys of {other.name}", "Leave it out.")
        found.append(account)
    return tuple(found)


def _matrix_account(section: Section, name: str, store: str) -> MatrixConfig:
    homeserver = section.url("homeserver", needed=True)
    user_id = section.text("user_id", "")
    if not _MXID.fullmatch(user_id):
        section.fault("user_id", "is not a Matrix id", 'Write it in full: "@tocsin:example.org".')
    password, token = section.secret("password"), section.secret("access_token")
    if password is None and token is None and not section.names("password", "access_token"):
        section.fault(
            "password_file", "is missing", 'Write password_file = "matrix.password".', value=""
        )
    groups = section.choice("groups", _GROUPS, "anyone")
    allowed = next(it for it in _GROUPS if it == groups)
    kept = section.path("store", store)
    return MatrixConfig(homeserver, user_id, kept, password, token, allowed, name)


def _web(section: Section, *, enabled: bool, elsewhere: bool) -> WebConfig:
    """`enabled`: there is the built-in chat. `elsewhere`: readers are not only on this machine."""
    listen = section.text("listen", "127.0.0.1:8780")
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        section.fault("listen", "is not an address with a port", 'Write "127.0.0.1:8780".')
        host, port = "127.0.0.1", "0"
    if enabled and not _is_loopback(host):
        section.fault(
            "listen",
            "would show the built-in chat, with its owner, to others",
            'Listen on "127.0.0.1:8780", or set enabled = false under [local].',
        )
    return WebConfig(host.strip("[]"), int(port), _public_url(section, elsewhere=elsewhere))


def _public_url(section: Section, *, elsewhere: bool) -> str:
    url = section.url("public_url")
    host = urlsplit(url).hostname or ""
    if _is_loopback(host):
        if elsewhere:
            section.fault(
                "public_url",
                "leads every reader to their own machine",
                'Write the address under which the world sees it: "https://…".',
            )
    elif url.startswith("http://") and not host.endswith(".onion"):  # encrypted by itself
        section.fault(
            "public_url",
            "would show everybody on the way who reads about whom",
            'Publish it with TLS and write "https://…".',
        )
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _subscriptions(section: Section) -> SubscriptionsConfig:
    usual = SubscriptionsConfig()
    found = []
    for key, default in (
        ("alarm_per_hour", usual.alarm_per_hour),
        ("cap_per_hour", usual.cap_per_hour),
    ):
        number = section.number(key, default)
        if number < 0 or number != int(number):
            section.fault(key, "must be 0 or more whole chats", f"Write {default}.")
        found.append(int(number))
    return SubscriptionsConfig(*found)


def _alerts(section: Section) -> AlertsConfig:
    approvals = section.choice("approvals", ("auto", 1, 2), "auto")
    cooldown = section.number("cooldown_seconds", 90)
    if cooldown < 0 or cooldown != int(cooldown):
        section.fault("cooldown_seconds", "must be 0 or more whole seconds", "Write 90.")
    chosen: Approvals = 1 if approvals == 1 else 2 if approvals == 2 else "auto"
    return AlertsConfig(chosen, int(cooldown))


def _organisers(section: Section) -> OrganisersConfig:
    owners = []
    for written in section.texts("owners"):
        platform, _, person = written.partition(":")
        fault = owner_fault(platform, person)
        if fault:
            section.fault("owners", *fault, value=written)
        owners.append((platform, person))
    return OrganisersConfig(tuple(owners))


_PERSON = {
    "telegram": (
        re.compile(r"[0-9]{1,18}"),
        "is not a numeric Telegram id",
        'Write "telegram:123456789", not a user name.',
    ),
    "matrix": (_MXID, "is not a Matrix id", 'Write "matrix:@name:example.org".'),
    "local": (_LOCAL_PERSON, "is not a name of the built-in chat", 'Write "local:owner".'),
}


def owner_fault(platform: str, person: str) -> tuple[str, str] | None:
    """What is wrong with an owner, and the remedy; None if nothing is."""
    if platform not in _PERSON:
        return "names no platform", 'Begin with "telegram:", "matrix:" or "local:".'
    if platform == "telegram" and person in _NOBODY:
        return f"stands for {_NOBODY[person]}", "Name a person's own numeric id."
    pattern, fault, remedy = _PERSON[platform]
    return None if pattern.fullmatch(person) else (fault, remedy)


def _directory(section: Section) -> DirectoryConfig:
    known = DirectoryConfig.there_are
    sources = section.texts("sources", known)
    for name in sources:
        if name not in known:
            section.fault("sources", f"names {name!r}", f"Known: {', '.join(known)}.")
    urls = [section.url(f"{name}_url") for name in known]
    return DirectoryConfig(tuple(sources), section.text("contact", ""), *urls)


def _log(section: Section) -> LogConfig:
    level = section.choice("level", ("debug", "info", "warning", "error"), "info")
    shape = section.choice("format", ("auto", "console", "logfmt", "json"), "auto")
    return LogConfig(str(level), str(shape))
