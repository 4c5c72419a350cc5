"""What one attempt at a delivery does: send a part, change one, or take one back.

A correction lets a chat show other parts than before: those that stay are edited, those too many
are taken back, new ones sent. A withdrawal takes all of them back and then says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from handlers.message import Message
from handlers.registry import WITHDRAWING
from storage.outbox import Claim


class Act(Enum):
    """What to do with a part."""

    SEND = auto()
    EDIT = auto()
    RETRACT = auto()
    PASS = auto()  # nothing is left to do


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do. `ref` is the part it is done to; `message` what it shows then."""

    act: Act
    message: Message
    ref: str = ""
    last: bool = True


def next_step(claim: Claim, parts: Sequence[Message]) -> Step:
    """The step that the claim is at. `parts` is the whole message as it should read."""
    if claim.edits_id is None and not claim.edits:
        return _sending(claim, parts)
    if claim.notice_id is None and not claim.edits:
        return Step(Act.PASS, Message())  # a reply that never arrived needs no change
    if claim.notice_kind in WITHDRAWING:
        return _withdrawing(claim, parts)
    return _changing(claim, parts)


def _sending(claim: Claim, parts: Sequence[Message]) -> Step:
    if claim.part >= len(parts):
        return Step(Act.PASS, Message())
    return Step(Act.SEND, parts[claim.part], last=claim.part + 1 >= len(parts))


def _changing(claim: Claim, parts: Sequence[Message]) -> Step:
    at, total = claim.part, max(len(parts), len(claim.edits))
    if at >= total:
        return Step(Act.PASS, Message())
    last = at + 1 >= total
    if at >= len(claim.edits):
        return Step(Act.SEND, parts[at], last=last)
    if at >= len(parts):
        return Step(Act.RETRACT, parts[0], claim.edits[at], last=last)
    return Step(Act.EDIT, parts[at], claim.edits[at], last=last)


def _withdrawing(claim: Claim, parts: Sequence[Message]) -> Step:
    at, old = claim.part, len(claim.edits)
    if at >= old + len(parts):
        return Step(Act.PASS, Message())
    last = at + 1 >= old + len(parts)
    if at < old:
        return Step(Act.RETRACT, parts[0], claim.edits[at], last=last)
    return Step(Act.SEND, parts[at - old], last=last)
