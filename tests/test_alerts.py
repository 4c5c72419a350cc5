"""/alert: the draft, the very preview, one or two people's yes, the cool-down, the sending."""

from __future__ import annotations

import pytest

from handlers.alert_progress import progress
from handlers.command import Rules
from handlers.i18n import Translator, languages
from handlers.message import Copyable, Message
from storage.database import Database
from storage.models import Alert, DeliveryState
from tests.people import Person, World, sample, words

ALERT = "/alert bokayev-ayan Trial opens tomorrow in Atyrau\nIt was announced only now."


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.knows(sample())
    return world


async def _reader(world: World, name: str, country: str, **about: object) -> Person:
    person = world.person(name, **about)
    await person.says(f"/country {country}")
    await person.says("/subscribe KZ")
    return person


async def test_the_notice_shows_the_embassy_of_each_reader(world: World) -> None:
    owner = await world.owner()
    readers = {
        country: await _reader(world, country, country) for country in ("GB", "IE", "BE", "KE")
    }

    await owner.says(ALERT)
    await owner.presses("Send")

    notices = {country: words(reader.heard[-1]) for country, reader in readers.items()}
    assert "Embassy of Kazakhstan in London" in notices["GB"]
    assert "london@mfa.kz" in notices["GB"]
    assert "answers for Ireland too" in notices["IE"]
    assert "brussels@mfa.kz" in notices["BE"]
    assert "No embassy or consulate of Kazakhstan is known" in notices["KE"]
    assert "mission@kazakhstan-geneva.ch" in notices["KE"]


async def test_the_first_screen_holds_headline_ask_and_address(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB")
    await owner.says(ALERT)
    await owner.presses("Send")

    first_screen = words(Message(blocks=reader.heard[-1].blocks[:6]))

    assert "DRILL" in first_screen
    assert "Trial opens tomorrow in Atyrau" in first_screen
    assert "What to do:" in first_screen
    assert "london@mfa.kz" in first_screen


async def test_a_russian_reader_reads_russian(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "ivan", "BE", language="ru")

    await owner.says(f"{ALERT}\n[ru] Завтра начинается суд\nО нём сообщили только сейчас.")
    await owner.presses("Send")

    notice = words(reader.heard[-1])
    assert "Завтра начинается суд" in notice
    assert "О нём сообщили только сейчас." in notice
    assert "Макс Бокаев" in notice
    assert "Trial opens" not in notice


async def test_an_organiser_writes_in_their_own_language(world: World) -> None:
    await world.owner()
    owner = world.person("owner", language="ru")
    emma, ivan = await _reader(world, "emma", "GB"), await _reader(world, "i", "BE", language="ru")

    await owner.says("/alert bokayev-ayan Завтра суд\nЖдём писем.\n[en] Trial tomorrow\nWrite.")
    await owner.presses("Отправить")

    assert "Завтра суд" in words(ivan.heard[-1])
    assert "Trial tomorrow" in words(emma.heard[-1])
    assert "Ждём писем." not in words(emma.heard[-1])


async def test_readers_of_another_language_are_a_warning(world: World) -> None:
    await world.owner()
    await _reader(world, "emma", "GB")

    preview = words(
        await world.person("owner", language="ru").says("/alert bokayev-ayan Завтра суд")
    )

    assert "Есть читатели, чей язык — английский" in preview


@pytest.mark.parametrize("more", ["[en] Trial", "[ru] Суд\n[ru] Суд", "[EN] Trial"])
async def test_two_headlines_in_one_language_are_refused(world: World, more: str) -> None:
    owner = await world.owner()

    assert "more than one headline" in words(await owner.says(f"{ALERT}\n{more}"))
    assert "There is no alert" in words(await owner.says("/preview 1"))


@pytest.mark.parametrize("nothing", ["", "   ", "\n\n", "\u202e", "\u200b\n", "\n[ru] Суд"])
async def test_an_alert_without_a_case_is_answered_with_how_to_write_one(
    world: World, nothing: str
) -> None:
    owner = await world.owner()

    assert "Write the case, a headline" in words(await owner.says(f"/alert {nothing}"))


async def test_the_preview_is_exactly_what_goes_out(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB")

    preview = await owner.says(ALERT)
    await owner.presses("Send")

    sent = reader.heard[-1]
    shown = preview.blocks[-len(sent.blocks) :]
    differing = [
        there
        for here, there in zip(shown, sent.blocks, strict=True)
        if words(Message((here,))) != words(Message((there,)))
    ]
    assert all(isinstance(block, Copyable) for block in differing)  # the letter's wordings
    assert "Letters differ from reader to reader" in words(preview)


async def test_the_preview_counts_readers_and_names_what_is_amiss(world: World) -> None:
    owner = await world.owner()
    await _reader(world, "a", "GB")
    await _reader(world, "b", "KE", language="ru")
    await _reader(world, "d", "AT")
    nowhere = world.person("c")
    await nowhere.says("/subscribe all")

    preview = words(await owner.says(ALERT))

    assert "Goes to 4 subscribers." in preview
    assert "Countries: fewer than 5 readers in each" in preview  # so few could be guessed
    assert "No usable contact for: President" in preview
    assert "No embassy with an address is known for readers in: Austria, Kenya" in preview
    assert "One reader has set no country" in preview
    assert "There are readers of Russian" in preview


async def test_the_preview_counts_countries_with_enough_readers_to_hide_among(
    world: World,
) -> None:
    owner = await world.owner()
    for number in range(5):
        await _reader(world, f"emma{number}", "GB")
    await _reader(world, "aoife", "IE")

    preview = words(await owner.says(ALERT))

    assert "Countries: United Kingdom 5, others 1" in preview


async def test_a_draft_can_be_seen_as_any_reader(world: World) -> None:
    owner = await world.owner()
    await owner.says(ALERT)

    assert "London" in words(await owner.says("/preview 1 Ireland en"))
    assert "Предварительный" not in words(await owner.says("/preview 1 BE ru"))
    assert "Посольство" in words(await owner.says("/preview 1 BE ru"))


async def test_one_message_counts_up_and_says_the_result(world: World) -> None:
    owner = await world.owner()
    await _reader(world, "anna", "GB")
    await owner.says(ALERT)
    await owner.presses("Send")

    await world.tick(1)
    shown = await owner.listens()

    assert "has gone out" in words(shown[-1])
    assert "Delivered 1 of 1, unreachable 0, held 0" in words(shown[-1])


def test_the_result_names_those_who_left_meanwhile() -> None:
    counts: dict[str, int] = {DeliveryState.SENT: 3, DeliveryState.CANCELLED: 1}

    row = Alert(id=1, content_hash="abcd")
    said = {it: words(progress(Translator(it), row, counts, done=True)) for it in languages()}

    assert "Delivered 3 of 4, unreachable 0, held 0" in said["en"]
    assert "Not sent to one reader: they unsubscribed meanwhile" in said["en"]
    assert "1 читателю не отправлено" in said["ru"]


async def test_a_button_pressed_twice_sends_once(world: World) -> None:
    owner = await world.owner()
    await _reader(world, "anna", "GB")
    await owner.says(ALERT)
    await owner.presses("Send")
    await world.tick(1)

    answer = await owner.presses(owner.heard[0].buttons[0][0])

    assert "Nothing was sent twice" in words(answer)
    assert await world.rows(DeliveryState.SENT) > 0


async def test_with_two_organisers_two_must_say_yes(database: Database) -> None:
    world = World(database, Rules(approvals=0, cooldown=0))
    await world.knows(sample())
    owner, second = await world.owner(), await world.organiser("second")
    await second.says("/start")
    reader = await _reader(world, "anna", "GB")

    await owner.says(ALERT)
    assert "has been asked for the second" in words(await owner.presses("Send for approval"))
    assert "Your yes" in words(await owner.says("/send 1"))  # the same person twice is one yes
    heard = len(reader.heard)
    await second.listens()
    await second.presses("Approve")

    await reader.listens()
    assert "Trial opens tomorrow" in words(reader.heard[-1])
    assert len(reader.heard) > heard or heard > 0


async def test_the_cooldown_lets_anybody_stop_it(database: Database) -> None:
    world = World(database, Rules(approvals=1, cooldown=90))
    await world.knows(sample())
    owner, second = await world.owner(), await world.organiser("second")
    await second.says("/start")
    await _reader(world, "anna", "GB")
    await owner.says(ALERT)
    await owner.presses("Send")
    await world.tick(60)

    await second.listens()
    assert "Nothing was sent" in words(await second.presses("Stop"))
    await world.tick(60)

    assert "was cancelled" in words(await owner.says("/send 1"))


async def test_after_the_cooldown_it_goes_out_by_itself(database: Database) -> None:
    world = World(database, Rules(approvals=1, cooldown=90))
    await world.knows(sample())
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB")
    await owner.says(ALERT)
    await owner.presses("Send")

    await world.tick(89)
    await reader.listens()
    assert await reader.listens() == []
    await world.tick(1)

    assert "Trial opens tomorrow" in words((await reader.listens())[-1])


async def test_an_alert_can_be_scheduled(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB")
    await owner.says(ALERT)

    assert "is over already" in words(await owner.says("/schedule 1 2020-01-01 08:00"))
    await owner.says("/schedule 1 tomorrow 08:00")
    await world.tick(3600)
    assert await reader.listens() == []
    await world.tick(86400)

    assert "Trial opens tomorrow" in words((await reader.listens())[-1])


async def test_a_draft_nobody_approves_is_void_after_a_day(world: World) -> None:
    owner = await world.owner()
    await owner.says(ALERT)
    await world.tick(86401)

    assert "void" in words(await owner.says("/send 1"))


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("/alert", "Write the case, a headline"),
        ("/alert nobody-known Trial", "I do not know a case"),
        ("/alert bokayev-ayan", "The headline (en) is missing"),
        ("/alert bokayev-ayan \u200b\u202e\n text", "The headline (en) is missing"),
        ("/alert bokayev-ayan " + "x" * 201, "at most 200 fit"),
        ("/alert bokayev-ayan Trial\n" + "x" * 20_000, "at most 3,000 are sent"),
        ("/alert bokayev-ayan Trial\n[xx] Oh", "is not a language I have texts for"),
    ],
)
async def test_a_faulty_alert_is_explained_and_not_prepared(
    world: World, written: str, answer: str
) -> None:
    owner = await world.owner()

    assert answer in words(await owner.says(written))
    assert "There is no alert 1" in words(await owner.says("/send 1"))


async def test_markup_and_tricks_in_the_text_stay_plain_words(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB")

    await owner.says(
        "/alert bokayev-ayan <b>Trial</b> \u202eopens *now*\n<script>x</script> 🇰🇿👨‍👩‍👧"
    )
    await owner.presses("Send")

    notice = words(reader.heard[-1])
    assert "<b>Trial</b> opens *now*" in notice
    assert "<script>x</script> 🇰🇿👨‍👩‍👧" in notice
    assert "\u202e" not in notice


async def test_who_unsubscribes_in_mid_broadcast_gets_nothing_more(world: World) -> None:
    owner = await world.owner()
    reader = await _reader(world, "anna", "GB")
    await owner.says(ALERT)
    send = owner.button("Send")
    async with world.database.write() as session:
        from storage import subscribers  # noqa: PLC0415 - only here

        row = await subscribers.find(session, "local", "anna")
        assert row is not None
        await subscribers.unfollow(session, row, world.now)
    await owner.presses(send)

    assert all("Trial opens" not in words(message) for message in reader.heard)
