"""One letter, many shapes: in whose language, in which words, and what each shape holds of it."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from urllib.parse import parse_qs, urlsplit

import pytest

from handlers.addressees import Addressee, addressees
from handlers.alert_notice import AlertNotice
from handlers.alert_payload import AlertPayload
from handlers.campaign import Campaign
from handlers.command import Rules
from handlers.i18n import Translator, languages
from handlers.letter import Letter, mail
from handlers.letter_files import eml, txt
from handlers.letter_writing import in_own_words, write, written_in
from handlers.mailto import LONGEST, mailto
from handlers.message import Attachment, Copyable, Mail, Message
from storage import outbox
from storage.database import Database
from storage.lots import LOTS, lot
from storage.outbox import Reader
from tests.papers import payload_of
from tests.people import World, sample, words

WITH_LETTERS = [case.id for case in sample().cases if case.letter]


@pytest.fixture
async def database(sqlite_database: Database) -> Database:
    """Letters are the same on both."""
    return sqlite_database


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


def _to(payload: AlertPayload, key: str, country: str = "GB") -> Addressee:
    return next(it for it in addressees(payload, country) if it.key == key)


def _letter(
    key: str = "embassy", reader: str = "en", number: int = 0, **changes: object
) -> Letter:
    payload = payload_of("bokayev-ayan", **changes)
    letter = write(payload, _to(payload, key), reader, number)
    assert letter is not None
    return letter


# ------------------------------------------------------------------------- what it is made of


def test_it_comes_in_the_language_of_the_addressee_and_says_in_the_readers_what_it_is() -> None:
    payload = payload_of()
    president = _to(payload, "president")

    letter = write(payload, president, "en")
    assert letter is not None
    assert letter.language == "ru"
    assert letter.salutation == "Уважаемый господин Президент!"
    assert letter.to == "Нурсултан Назарбаев, Президент Республики Казахстан"
    own = in_own_words(payload, letter, president, "en")
    assert own is not None
    assert own.text.startswith("Dear Mr President,\n\nI am writing to you")
    assert in_own_words(payload, letter, president, "ru") is None


def test_an_embassy_whose_language_is_not_known_gets_the_readers() -> None:
    assert _letter(reader="ru").language == "ru"
    assert _letter(reader="en").language == "en"
    assert _letter(reader="de").language == "en"  # the campaign's own


@pytest.mark.parametrize(
    ("audience", "english", "russian"),
    [
        ("official", "what is in your power", "всё, что в Ваших силах"),
        ("embassy", "pass these requests on", "передать властям"),
        ("parliament", "raise this in parliament", "в парламенте"),
        ("union", "our union", "наш профсоюз"),
    ],
)
def test_what_frames_the_facts_depends_on_who_reads_it(
    audience: str, english: str, russian: str
) -> None:
    payload = payload_of()
    target = _to(payload, "osce-vienna").target
    assert target is not None
    for language, phrase in (("en", english), ("ru", russian)):
        to = Addressee("x", audience, (), target.model_copy(update={"language": language}))  # type: ignore[arg-type]
        letter = write(payload, to, "en")
        assert letter is not None
        assert phrase in letter.text
        assert letter.salutation == Translator(language).t(f"letter-dear-{audience}")


@pytest.mark.parametrize(
    ("kind", "greeted"),
    [
        ("embassy", "Dear Ambassador,"),
        ("high-commission", "Dear High Commissioner,"),
        ("nunciature", "Your Excellency,"),
        ("consulate-general", "Dear Consul General,"),
        ("consulate", "Dear Consul,"),
        ("interests-section", "Dear Sir or Madam,"),
    ],
)
def test_a_mission_is_greeted_by_what_it_is(kind: str, greeted: str) -> None:
    payload = payload_of()
    assert payload.embassy_target is not None
    to = _to(payload, "embassy")
    assert to.found is not None
    found = to.found.model_copy(update={"kind": kind})
    for target in (None, payload.embassy_target):  # who greets the ambassador greets no consul
        letter = write(payload, replace(to, found=found, target=target), "en")
        assert letter is not None
        assert letter.salutation == greeted


def test_the_letter_goes_where_nobody_doubts_that_it_arrives() -> None:
    payload = payload_of()
    to = _to(payload, "embassy")
    doubtful = [
        it.model_copy(update={"doubtful": it.kind == "email"})
        for it in sorted(to.channels, key=lambda it: it.kind == "email")
    ]
    letter = write(payload, replace(to, channels=tuple(doubtful)), "en")
    assert letter is not None
    assert letter.channel == "postal"

    every = [it.model_copy(update={"doubtful": True}) for it in doubtful]
    letter = write(payload, replace(to, channels=tuple(every)), "en")
    assert letter is not None
    assert letter.channel == "email"  # better than nothing


def test_each_reader_has_a_member_of_parliament_and_a_union_of_their_own() -> None:
    payload = payload_of("kurmanov-ukteshbayev")
    for key, phrase in (
        ("own-parliament", "raise this in parliament"),
        ("own-union", "our union"),
    ):
        to = _to(payload, key)
        letter = write(payload, to, "en")
        assert letter is not None
        assert to.can_be_written_to
        assert phrase in letter.text
        assert "Kulzhan Sailybaeva" in letter.text
    notice = AlertNotice(payload, Reader(language="ru", country="GB"), Translator("ru")).message()
    assert "Ваш профсоюз\nКак с ними связаться, вы знаете лучше нас." in words(notice)


def test_a_salutation_is_never_in_another_language_than_the_letter() -> None:
    payload = payload_of()
    target = _to(payload, "president").target
    assert target is not None
    bare = target.model_copy(update={"salutation": {"en": "Dear Mr President,"}})
    letter = write(payload, Addressee("x", "official", (), bare), "en")
    assert letter is not None
    assert letter.salutation == "Уважаемые господа!"


def test_readers_get_different_wordings_and_each_always_the_same() -> None:
    letters = [_letter(number=number).text for number in range(LOTS)]

    assert len(set(letters)) == LOTS
    assert letters == [_letter(number=number).text for number in range(LOTS)]
    drawn = [lot(7, reader) for reader in range(600)]
    assert min(drawn.count(number) for number in range(LOTS)) > 60
    assert drawn == [lot(7, reader) for reader in range(600)]


@pytest.mark.parametrize("case_id", WITH_LETTERS)
def test_the_senders_name_stays_a_gap(case_id: str) -> None:
    payload = payload_of(case_id)
    for language in languages():
        for to in addressees(payload, "GB"):
            letter = write(payload, to, language)
            assert letter is not None
            gaps = {"en": ("[your name]", "[name, "), "ru": ("[ваше имя]", "[имя, ")}
            assert any(gap in letter.body for gap in gaps[letter.language])


# ------------------------------------------------------------------------------- its shapes


@pytest.mark.parametrize("case_id", WITH_LETTERS)
@pytest.mark.parametrize("language", languages())
def test_what_opens_in_a_mail_program_always_fits_and_always_ends(
    case_id: str, language: str
) -> None:
    payload = payload_of(case_id)
    for to in addressees(payload, "GB"):
        letter = write(payload, to, language)
        assert letter is not None
        draft = mail(letter, Translator(language))
        assert (draft is None) == (not to.address("email"))
        if draft is not None:
            opened = urlsplit(mailto(draft))
            fields = parse_qs(opened.query)
            assert len(mailto(draft)) <= LONGEST
            assert opened.path == to.address("email")
            assert fields["subject"] == [letter.subject]
            [body] = fields["body"]
            assert body.startswith(letter.salutation)
            assert body.rstrip().endswith("]")


def test_a_letter_that_fits_is_there_as_a_whole() -> None:
    payload = payload_of("mamai")
    [to] = addressees(payload, "GB")
    letter = write(payload, to, "en")
    assert letter is not None
    draft = mail(letter, Translator("en"))
    assert draft is not None
    [body] = parse_qs(urlsplit(mailto(draft)).query)["body"]
    assert body.replace("\r\n", "\n") == letter.text


def test_a_letter_nothing_of_which_fits_leaves_the_address() -> None:
    letter = _letter(letter={"subject": {"en": "x" * 2000}, "body": {"en": "y"}, "facts": {}})
    draft = mail(letter, Translator("en"))
    assert draft is not None
    assert mailto(draft) == "mailto:london@mfa.kz"


def test_the_draft_for_a_computer_is_a_message_that_mail_programs_read() -> None:
    letter = _letter(reader="ru")
    file = eml("bokayev-ayan", letter)
    raw = file.text.encode("ascii")  # RFC 5322: nothing else in it
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")

    message = message_from_bytes(raw, policy=policy.default)
    assert message["To"] == "london@mfa.kz"
    assert message["Subject"] == letter.subject
    assert message["X-Unsent"] == "1"
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == letter.text + "\n"
    assert letter.text in txt("x", letter).text


# ----------------------------------------------------------------------- /letter and /files


def _mails(message: Message) -> list[Mail]:
    spans = [span for block in message.blocks for span in getattr(block, "spans", ())]
    return [span for span in spans if isinstance(span, Mail)]


async def test_the_letter_can_be_copied_with_its_subject(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/country GB")
    await anna.says("/case bokayev-ayan")

    answer = await anna.presses("Get the letter")

    [letter] = [block for block in answer.blocks if isinstance(block, Copyable)]
    assert letter.text.startswith("Dear Ambassador,\n\nI am writing to you about Max Bokayev")
    assert "Embassy of Kazakhstan in London" in words(answer)
    assert [mail.address for mail in _mails(answer)] == ["london@mfa.kz"]
    copied = [button.copy for button in answer.buttons[0]]
    assert copied == ["london@mfa.kz", sample().cases[0].letter.subject["en"]]  # type: ignore[union-attr]


async def test_each_of_the_others_has_a_letter_too(world: World) -> None:
    anna = world.person("anna")
    await anna.says("/letter bokayev-ayan")

    answer = await anna.presses("Letter to: Kalmukhanbet Kassymov")

    [letter] = [block for block in answer.blocks if isinstance(block, Copyable)]
    assert letter.text.startswith("Уважаемый господин министр!")
    assert "The letter is in Russian" in words(answer)
    assert "Dear Minister,\n\nI am writing to you" in words(answer)
    assert "Kense@mvd.kz" in words(answer)
    assert "Dear" in words(await anna.says("/letter bokayev-ayan 99"))


async def test_a_name_may_end_with_a_number(world: World) -> None:
    await world.knows(_changed("bokayev-ayan", title={"en": "Trial of the 37"}))
    anna = world.person("anna")

    assert "Zhanar Aitzhanova" in words(await anna.says("/letter trial of the 37"))
    assert "Nursultan Nazarbayev" in words(await anna.says("/letter trial of the 37 2"))


async def test_a_letter_without_an_embassy_greets_its_first_target(world: World) -> None:
    await world.knows(_changed("bokayev-ayan", targets=["human-rights-commissioner"]))

    answer = words(await world.person("anna").says("/letter bokayev-ayan"))

    assert "Уважаемый господин Уполномоченный!" in answer
    assert "Dear Commissioner," in answer


async def test_a_case_without_a_letter_says_what_to_do_instead(world: World) -> None:
    await world.knows(_changed("bokayev-ayan", letter=None))
    anna = world.person("anna")

    assert "no model letter" in words(await anna.says("/letter bokayev-ayan"))
    assert "no model letter" in words(await anna.says("/files bokayev-ayan"))
    labels = [b.label for row in (await anna.says("/case bokayev-ayan")).buttons for b in row]
    assert "Get the letter" not in labels
    assert "Which case?" in words(await anna.says("/letter"))


async def test_the_files_are_a_draft_a_text_and_contact_cards(world: World) -> None:
    anna = world.person("anna", language="ru")
    await anna.says("/country GB")
    await anna.says("/letter bokayev-ayan")

    answer = await anna.presses("Письмо файлами")

    draft, text, cards = answer.attachments
    assert _kinds(answer.attachments) == ["message/rfc822", "text/plain", "text/vcard"]
    assert "X-Unsent: 1" in draft.text
    assert "[ваше имя]" in text.text
    unfolded = cards.text.replace("\r\n ", "")
    assert "TEL;TYPE=WORK,VOICE:+442079251757\r\n" in unfolded
    assert r"FN:Посольство (Казахстан)\, Лондон\, Великобритания" in unfolded
    assert unfolded.count("BEGIN:VCARD") == unfolded.count("END:VCARD") == 1
    assert all(len(line.encode()) <= 75 for line in cards.text.split("\r\n"))


def _kinds(files: tuple[Attachment, ...]) -> list[str]:
    return [file.mime for file in files]


def _changed(case_id: str, **changes: object) -> Campaign:
    campaign = sample()
    cases = [it.model_copy(update=changes) if it.id == case_id else it for it in campaign.cases]
    return campaign.model_copy(update={"cases": cases})


# ------------------------------------------------------------------------------- the notice


async def test_notices_vary_from_reader_to_reader(world: World) -> None:
    owner = await world.owner()
    people = [world.person(f"reader{number}") for number in range(12)]
    for person in people:
        await person.says("/subscribe KZ")
    await owner.says("/alert bokayev-ayan Trial opens tomorrow")
    await owner.presses("Send")

    letters = [_copied((await it.listens() or it.heard)[-1]) for it in people]

    assert len(set(letters)) > 2
    assert set(letters) <= {_letter("pr-geneva", number=number).text for number in range(LOTS)}


async def test_what_is_composed_for_some_is_not_sent_to_others(database: Database) -> None:
    world = World(database, Rules(approvals=1, cooldown=5))
    await world.knows(sample())
    owner = await world.owner()
    await world.person("anna").says("/subscribe KZ")
    await owner.says("/alert bokayev-ayan Trial opens tomorrow")
    await owner.presses("Send")
    await world.tick(10)
    async with database.write() as session:
        claims = await outbox.claim(session, world.platform, world.now, replies=50, notices=50)
    claim = next(it for it in claims if it.notice_kind == "alert")

    letters = []
    for number in (*range(LOTS), *range(LOTS)):
        drawn = replace(claim, reader=replace(claim.reader, lot=number))
        [message] = await world.composer.parts(drawn, lambda whole: [whole])
        letters.append(_copied(message))

    assert len(set(letters)) == LOTS
    assert letters[:LOTS] == letters[LOTS:]


def _copied(message: Message) -> str:
    [letter] = [block.text for block in message.blocks if isinstance(block, Copyable)]
    return letter


def test_a_letter_in_a_language_we_cannot_frame_is_not_offered() -> None:
    model = payload_of().case.letter
    assert model is not None
    more = model.model_copy(update={"facts": {**model.facts, "kk": "…"}})
    assert written_in(more) == ["en", "ru"]
    whole = model.model_copy(update={"facts": {}, "body": {"kk": "…"}})
    assert written_in(whole) == ["kk"]
