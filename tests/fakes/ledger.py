"""What must have happened, kept outside the process that is killed: who is owed what, who got it.

One round is one notice and the commands people send meanwhile. `close` compares what is owed with
what the service accepted, and keeps totals only: no text outlives its round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields

from handlers.i18n import Translator
from tests.fakes.telegram import Call

MARKS = tuple(Translator(it, "/").t("maybe-a-repeat") for it in ("en", "ru"))
SENDING = ("sendMessage", "sendDocument")


@dataclass
class Totals:
    """The figures of the proof."""

    kills: int = 0
    deliveries: int = 0  # notices and answers that arrived whole, each counted once
    messages: int = 0  # what the service accepted, repeats included
    lost: int = 0
    repeats: int = 0
    unmarked: int = 0  # repeats that do not say so, and marks on what is none
    most_a_life: int = 0  # repeats of what one process had in flight
    after_stop: int = 0  # notices to who was told that none will come
    held: int = 0
    updates: int = 0  # commands people sent
    updates_lost: int = 0
    updates_twice: int = 0
    unsound: int = 0  # databases that are damaged or contradict themselves
    faults: list[str] = field(default_factory=list)

    def add(self, other: Totals) -> None:
        """Count this too."""
        for it in fields(self):
            mine, theirs = getattr(self, it.name), getattr(other, it.name)
            most = it.name == "most_a_life"
            setattr(self, it.name, max(mine, theirs) if most else mine + theirs)

    def as_dict(self) -> dict[str, object]:
        """For the line a shard writes."""
        return asdict(self)


@dataclass
class Round:
    """What is owed in one round. `head` stands in the first part of the notice to everybody."""

    head: str
    parts: dict[int, int]  # chat → messages the notice is long there
    owed: set[int] = field(default_factory=set)  # chats that must get it
    may: set[int] = field(default_factory=set)  # chats that came or went meanwhile
    left: set[int] = field(default_factory=set)  # chats that said stop, or blocked the bot
    holds: bool = False  # this kind is never repeated: what is doubtful is held
    asked: dict[tuple[int, str], int] = field(default_factory=dict)  # (chat, answer's words)


class Ledger:
    """Compares, round by round. `window` is what may be in flight when a process dies."""

    def __init__(self, window: int) -> None:
        self.totals = Totals()
        self._window = window

    def fault(self, text: str) -> None:
        """Note a violation; the first few in words."""
        if len(self.totals.faults) < 20:
            self.totals.faults.append(text)

    def close(
        self, round_: Round, lives: Iterable[list[Call]], held: set[int], ignored: set[int]
    ) -> None:
        """Settle a round: what each process life got accepted, and whose copy is held."""
        said, repeats = self._read(round_, lives, ignored)
        for life, number in repeats.items():
            self.totals.most_a_life = max(self.totals.most_a_life, number)
            if number > self._window:
                self.fault(f"{round_.head}: {number} repeats of what life {life} had in flight")
        self._check_notice(round_, said, held)
        self._check_answers(round_, said)
        self.totals.held += len(held)

    def _read(
        self, round_: Round, lives: Iterable[list[Call]], ignored: set[int]
    ) -> tuple[dict[int, Counter[str]], Counter[int]]:
        said: dict[int, Counter[str]] = {}
        gone: set[int] = set()
        last_life: dict[tuple[int, str], int] = {}
        repeats: Counter[int] = Counter()
        for life, calls in enumerate(lives):
            for call in calls:
                chat = call.params.get("chat_id")
                if call.method not in SENDING or chat in ignored or not isinstance(chat, int):
                    continue
                self.totals.messages += 1
                text, marked = _plain(call)
                self._check_gone(round_, chat, text, gone)
                seen = said.setdefault(chat, Counter())
                seen[text] += 1
                if seen[text] > 1:
                    self.totals.repeats += 1
                    repeats[last_life[chat, text]] += 1
                    if not marked:
                        self._twice(round_, chat, text)
                last_life[chat, text] = life
        return said, repeats

    def _check_gone(self, round_: Round, chat: int, text: str, gone: set[int]) -> None:
        """Once somebody is told that nothing more will come, nothing more may come."""
        answers = [words for who, words in round_.asked if who == chat]
        answered = any(words in text for words in answers)
        if chat in round_.left and answered:
            gone.add(chat)
        elif chat in gone:
            self.totals.after_stop += 1
            self.fault(f"{round_.head}: a notice after its reader was told that none will come")

    def _twice(self, round_: Round, chat: int, text: str) -> None:
        if any(chat == who and words in text for who, words in round_.asked):
            self.totals.updates_twice += 1
            self.fault(f"{round_.head}: an update was applied twice: {text[:60]!r}")
            return
        self.totals.unmarked += 1
        self.fault(f"{round_.head}: a repeat does not say so: {text[:60]!r}")

    def _check_notice(self, round_: Round, said: dict[int, Counter[str]], held: set[int]) -> None:
        for chat in sorted(round_.owed | round_.may | round_.left):
            answers = {words for who, words in round_.asked if who == chat}
            parts = [
                text for text in said.get(chat, ()) if not any(words in text for words in answers)
            ]
            whole = len(parts) == round_.parts[chat]
            self.totals.deliveries += whole
            if chat in held or whole or (chat in round_.may and not parts):
                continue
            if chat in round_.left and len(parts) < round_.parts[chat]:
                continue  # they went in the middle of it
            self.totals.lost += 1
            self.fault(f"{round_.head}: a chat has {len(parts)} of {round_.parts[chat]} parts")
        if round_.holds:
            self._check_held(round_, said)
        elif held:
            self.fault(f"{round_.head}: {len(held)} held, though this kind is repeated")

    def _check_held(self, round_: Round, said: dict[int, Counter[str]]) -> None:
        for chat, counts in said.items():
            answers = [words for who, words in round_.asked if who == chat]
            for text, number in counts.items():
                if number > 1 and not any(words in text for words in answers):
                    self.totals.unmarked += 1
                    self.fault(f"{round_.head}: what should be held was repeated")

    def _check_answers(self, round_: Round, said: dict[int, Counter[str]]) -> None:
        for (chat, words), asked in round_.asked.items():
            self.totals.updates += asked
            found = sum(words in text for text in said.get(chat, ()))
            self.totals.deliveries += min(found, asked)
            if found < asked:
                self.totals.updates_lost += 1
                self.fault(f"{round_.head}: no answer with {words!r}")
            elif found > asked:
                self.totals.updates_twice += 1
                self.fault(f"{round_.head}: {found} answers with {words!r}")


def _plain(call: Call) -> tuple[str, bool]:
    """What a message says without the mark of a repeat, and whether it had one."""
    text = str(call.params.get("text") or call.params.get("caption") or "")
    document = call.params.get("document")
    if document is not None:
        text += f"\nfile {getattr(document, 'filename', '')}"
    marked = any(mark in text for mark in MARKS)
    for mark in MARKS:
        text = text.replace(f"{mark}\n\n", "").replace(mark, "")
    return text.strip(), marked
