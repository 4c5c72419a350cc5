"""config.toml: every mistake at once with its remedy, no secret shown, the manual complete."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import Config, ConfigError, load_config
from bot.config_reader import SECTIONS

ROOT = Path(__file__).parents[1]
MANUAL = (ROOT / "config.example.toml").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, secret in (("telegram.token", "1:abcdef"), ("matrix.password", "secret")):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def _load(folder: Path, text: str) -> Config:
    (folder / "config.toml").write_text(text, "utf-8")
    return load_config(folder / "config.toml")


def _complaints(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        _load(folder, text)
    return [str(problem) for problem in error.value.problems]


TEN_MISTAKES = """
[telegrm]
token = 5
[telegram]
token = "1:CANARY-abcdef"
rate = "fast"
api_url = "ftp://x"
[matrix]
homeserver = 5
user_id = "tocsin"
[web]
listen = "0.0.0.0:99999"
[alerts]
approvals = 7
cooldown_seconds = -1
cooldwn = 3
[organisers]
owners = ["telegram:anna"]
"""


def test_ten_mistakes_are_named_at_once_each_with_its_remedy(folder: Path) -> None:
    said = _complaints(folder, TEN_MISTAKES)

    for setting, remedy in (
        ("telegram.rate = 'fast'", "without quotes"),
        ("telegram.api_url = 'ftp://x'", 'Begin with "https://"'),
        ("matrix.homeserver = 5", 'between "quotes"'),
        ("matrix.user_id = 'tocsin'", '"@tocsin:example.org"'),
        ("matrix.password_file", 'password_file = "matrix.password"'),
        ("web.listen = '0.0.0.0:99999'", '"127.0.0.1:8780"'),
        ("alerts.approvals = 7", '"auto", 1, 2'),
        ("alerts.cooldown_seconds = -1", "Write 90"),
        ("organisers.owners = telegram:anna", "telegram:123456789"),
        ("[telegrm]", "Did you mean telegram?"),
        ("alerts.cooldwn", "Did you mean cooldown_seconds?"),
    ):
        assert [line for line in said if line.startswith(setting) and remedy in line], setting
    assert len(said) == 11  # each once
    assert not any("CANARY" in line for line in said)


@pytest.mark.parametrize(
    "text",
    [
        '[telegram]\ntoken = "CANARY"',
        "[telegram]\ntoken = 4242",
        '[telegram]\ntoken = "CANARY"\ntoken_file = "telegram.token"',
        '[telegram]\ntokn = "CANARY"',
        '[matrix]\npassword = "CANARY"\nhomserver = ""',
        '[database]\nurl = "postgres://tocsin:CANARY@db.example.org/tocsin"',
        '[database]\nurl = "mysql://tocsin:CANARY@db.example.org/tocsin"',
    ],
)
def test_a_secret_is_never_shown(folder: Path, text: str) -> None:
    said = " ".join(_complaints(folder, text))

    assert "CANARY" not in said
    assert "4242" not in said


@pytest.mark.parametrize(
    ("listen", "enabled", "fits"),
    [
        ("127.0.0.1:80", True, True),
        ("[::1]:80", True, True),
        ("0.0.0.0:80", True, False),
        ("192.168.1.4:80", True, False),
        ("0.0.0.0:80", False, True),
    ],
)
def test_the_built_in_chat_is_never_shown_to_others(
    folder: Path, listen: str, *, enabled: bool, fits: bool
) -> None:
    text = f"""[telegram]\ntoken_file = "telegram.token"
[local]\nenabled = {str(enabled).lower()}\n[web]\nlisten = "{listen}" """

    if fits:
        assert _load(folder, text).local.enabled == enabled
    else:
        assert ["web.listen" in line for line in _complaints(folder, text)] == [True]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://act.example.org", ""),
        ("http://abc.onion", ""),
        ("http://act.example.org", "with TLS"),
        ("http://127.0.0.1:8780", "to their own machine"),
        ("https://localhost", "to their own machine"),
    ],
)
def test_pages_are_where_readers_can_see_them_and_nobody_else_sees_that(
    folder: Path, url: str, fault: str
) -> None:
    text = f'[telegram]\ntoken_file = "telegram.token"\n[web]\npublic_url = "{url}"'

    if fault:
        assert [fault in line for line in _complaints(folder, text)] == [True]
    else:
        assert _load(folder, text).web.public_url == url


def test_a_trial_on_ones_own_machine_may_show_its_pages_there(folder: Path) -> None:
    assert _load(folder, '[web]\npublic_url = "http://127.0.0.1:8780"').web.public_url


def test_a_secret_that_others_can_read_is_a_warning(folder: Path) -> None:
    (folder / "telegram.token").chmod(0o644)

    config = _load(folder, '[telegram]\ntoken_file = "telegram.token"')

    assert [warning for warning in config.warnings if "chmod 600" in warning]


def _settings(folder: Path) -> dict[str, set[str]]:
    """Every setting there is, by section: what the program names to somebody who is far off."""
    text = "\n".join(f"[{name}]\nqqqqqqqq = 1" for name in SECTIONS)
    known = [line for line in _complaints(folder, text) if "qqqqqqqq" in line]
    assert len(known) == len(SECTIONS)
    return {
        line.partition(".")[0]: set(re.findall(r"[a-z_]+", line.partition("Known: ")[2]))
        for line in known
    }


def test_the_example_names_every_setting(folder: Path) -> None:
    parts = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", MANUAL, re.MULTILINE | re.DOTALL))

    for section, names in _settings(folder).items():
        missing = {name for name in names if not re.search(rf"\b{name}\b", parts[section])}
        assert not missing, f"[{section}] of config.example.toml lacks {missing}"


def test_the_example_is_valid_and_its_defaults_are_the_real_ones(folder: Path) -> None:
    spoken_out = re.sub(r"^#(?=[a-z_]+ = )", "", MANUAL, flags=re.MULTILINE)
    assert tomllib.loads(spoken_out)["log"]["format"] == "auto"

    short, full = _load(folder, MANUAL), _load(folder, spoken_out)

    assert short.telegram is not None
    assert full.telegram is not None
    assert full.telegram.api_url  # examples, not defaults
    assert full.web.public_url
    alike = replace(
        full, telegram=replace(full.telegram, api_url=""), web=replace(full.web, public_url="")
    )
    assert alike == short


_TWO = """
[matrix]
homeserver = "https://matrix.example.org"
user_id = "@tocsin:example.org"
password_file = "matrix.password"
[matrix.vienna]
homeserver = "https://matrix.example.net"
user_id = "@tocsin:example.net"
password_file = "matrix.password"
groups = "nobody"
"""


def test_there_may_be_several_accounts_on_matrix(folder: Path) -> None:
    first, second = _load(folder, _TWO).matrix

    assert (first.name, first.groups, first.store.name) == ("matrix", "anyone", "matrix")
    assert (second.name, second.groups) == ("matrix-vienna", "nobody")
    assert (second.user_id, second.store.name) == ("@tocsin:example.net", "matrix-vienna")


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        ('"nobody"', '"noone"', "matrix.vienna.groups = 'noone'"),
        ("@tocsin:example.net", "@tocsin:example.org", "is the account of matrix."),
        ('groups = "nobody"', 'store = "data/matrix"', "holds the keys of matrix."),
        ("matrix.vienna", 'matrix."Wien 1"', "is no name of an account"),
        ("https://matrix.example.net", "", "matrix.vienna.homeserver"),
        ('groups = "nobody"', "group = 1", "Did you mean groups?"),
        ("[matrix]", "[other]", "matrix.homeserver: is missing"),
    ],
)
def test_mistakes_in_a_further_account_name_it(
    folder: Path, now: str, then: str, said: str
) -> None:
    assert said in "\n".join(_complaints(folder, _TWO.replace(now, then)))


def test_without_a_file_there_is_a_trial_with_the_built_in_chat() -> None:
    config = load_config(None)

    assert config.local.enabled
    assert config.organisers.owners == (("local", "owner"),)


@pytest.mark.parametrize(
    ("written", "said"),
    [(None, "Copy config.example.toml"), (b"[telegram\n", "is not TOML"), (b"\xff", "not UTF-8")],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, written: bytes | None, said: str
) -> None:
    path = tmp_path / "config.toml"
    if written is not None:
        path.write_bytes(written)

    with pytest.raises(ConfigError, match=re.escape(said)):
        load_config(path)
