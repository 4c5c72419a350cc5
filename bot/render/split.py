"""Cutting a message that is too long for one: between blocks, else between lines, words, letters.

The ask and the buttons stay on the first part, headings stay with what they head, and no letter,
address or link is ever cut in two. The same message always gives the same parts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from handlers.message import (
    Block,
    Bold,
    Bullets,
    Code,
    Copyable,
    Email,
    Heading,
    Italic,
    Mail,
    Message,
    Paragraph,
    Span,
)

Fits = Callable[[Message], bool]

# Places to cut a text at, the best first: blank line, line, sentence, word.
_CUTS = (re.compile(r"\n\n+"), re.compile(r"\n"), re.compile(r"(?<=[.!?…]) +"), re.compile(r"\s+"))
# What belongs to the letter before it: accents, joined emoji, flags, skin tones.
_JOINED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u200d\u20d0-\u20ff"
    "\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)


def split_message(message: Message, fits: Fits) -> list[Message]:
    """The message as parts that each fit; attachments become parts of their own at the end.

    Raises `ValueError` if not even one letter fits.
    """
    empty = replace(message, blocks=(), buttons=(), attachments=())
    parts = list(_parts(message, empty, fits)) if message.blocks or message.buttons else []
    files = [replace(empty, attachments=(file,)) for file in message.attachments]
    return [*parts, *files]


def _parts(message: Message, empty: Message, fits: Fits) -> Iterator[Message]:
    part = replace(empty, buttons=message.buttons)
    waiting = list(_bound_together(message.blocks))
    while waiting:
        group = waiting.pop(0)
        longer = part.also(*group)
        if fits(longer):
            part = longer
        elif part.blocks:
            yield part
            part = empty
            waiting.insert(0, group)
        else:
            first, rest = _cut(group, part, fits)
            part = part.also(*first)
            waiting.insert(0, rest)
    if part.blocks or part.buttons:
        yield part


def _bound_together(blocks: Sequence[Block]) -> Iterator[tuple[Block, ...]]:
    """The blocks, each heading or line in bold together with what it stands over."""
    group: list[Block] = []
    for block in blocks:
        group.append(block)
        if not _heads_something(block):
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def _heads_something(block: Block) -> bool:
    if isinstance(block, Paragraph):
        return bool(block.spans) and isinstance(block.spans[0], Bold)
    return isinstance(block, Heading)


def _cut(
    group: tuple[Block, ...], part: Message, fits: Fits
) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """As much of a group as fits into a part alone, and what is left of it."""
    heads, last = group[:-1], group[-1]
    for places in _places(last):
        at = _farthest(places, lambda it: fits(part.also(*heads, it[0])))
        if at is not None:
            first, rest = places.cut(at)
            return (*heads, first), (rest,)
    if not heads:
        raise ValueError("not even one letter fits into a part")
    for kept in range(len(heads), 0, -1):
        if fits(part.also(*heads[:kept])):
            return heads[:kept], (*heads[kept:], last)
    beginning, left = _cut((heads[0],), part, fits)
    return beginning, (*left, *heads[1:], last)


@dataclass(frozen=True, slots=True)
class _Places:
    """Places of one kind to cut a block at, in order, and how to cut there."""

    positions: Sequence[int]
    cut: Callable[[int], tuple[Block, Block]]


def _farthest(places: _Places, fits: Callable[[tuple[Block, Block]], bool]) -> int | None:
    """The last position whose beginning fits; a shorter beginning fits wherever a longer does."""
    low, high = 0, len(places.positions)
    while low < high:
        middle = (low + high) // 2
        if fits(places.cut(places.positions[middle])):
            low = middle + 1
        else:
            high = middle
    return places.positions[low - 1] if low else None


def _places(block: Block) -> Iterator[_Places]:
    """Every kind of place to cut a block at, the best kind first."""
    match block:
        case Bullets(items=items):
            if len(items) > 1:
                yield _Places(range(1, len(items)), lambda at: _between_items(block, at))
            for inner in _places(Paragraph(items[0])):
                yield _Places(inner.positions, _inside_first_item(block, inner))
        case Copyable(text=text) | Heading(text=text):
            for positions in _text_positions(text):
                yield _Places(positions, lambda at: _cut_words(block, at))
        case Paragraph(spans=spans):
            yield from _places_in_spans(spans)
        case _:
            return


def _between_items(block: Bullets, at: int) -> tuple[Block, Block]:
    rest = replace(block, items=block.items[at:], first=block.first + at)
    return replace(block, items=block.items[:at]), rest


def _inside_first_item(block: Bullets, inner: _Places) -> Callable[[int], tuple[Block, Block]]:
    """Cut a list inside its first item, which alone is too long."""

    def cut(at: int) -> tuple[Block, Block]:
        first, rest = inner.cut(at)
        before = first.spans if isinstance(first, Paragraph) else ()
        after = rest.spans if isinstance(rest, Paragraph) else ()
        whole = (after, *block.items[1:])
        return replace(block, items=(before,)), replace(block, items=whole)

    return cut


def _cut_words(block: Copyable | Heading, at: int) -> tuple[Block, Block]:
    first, rest = block.text[:at], block.text[at:]
    return replace(block, text=first.rstrip()), replace(block, text=rest.lstrip())


def _places_in_spans(spans: tuple[Span, ...]) -> Iterator[_Places]:
    """Inside words and between spans: counted in letters of all the spans in a row."""
    starts = list(accumulate((len(_words(span)) for span in spans), initial=0))
    text = "".join(_words(span) for span in spans)

    def whole(at: int) -> bool:
        """May the row be cut here? Not inside an address, a link or a moment."""
        index = bisect_right(starts, at) - 1
        return at in starts or isinstance(spans[index], str | Bold | Italic | Code)

    for positions in _text_positions(text):
        allowed = [at for at in positions if whole(at)]
        yield _Places(allowed, lambda at: _cut_spans(spans, starts, at))


def _cut_spans(spans: tuple[Span, ...], starts: Sequence[int], at: int) -> tuple[Block, Block]:
    index = min(bisect_right(starts, at) - 1, len(spans) - 1)
    inside = at - starts[index]
    if inside == 0:
        return Paragraph(spans[:index]), Paragraph(spans[index:])
    first, rest = _cut_span(spans[index], inside)
    return Paragraph((*spans[:index], first)), Paragraph((rest, *spans[index + 1 :]))


def _cut_span(span: Span, at: int) -> tuple[Span, Span]:
    if isinstance(span, str):
        return span[:at].rstrip(), span[at:].lstrip()
    if isinstance(span, Bold | Italic | Code):
        return (
            replace(span, text=span.text[:at].rstrip()),
            replace(span, text=span.text[at:].lstrip()),
        )
    raise TypeError(f"a {span.kind} is never cut")


def _words(span: Span) -> str:
    if isinstance(span, str):
        return span
    return span.address if isinstance(span, Email | Mail) else span.text


def _text_positions(text: str) -> Iterator[list[int]]:
    """Where a text may be cut, one list for each kind of place, the best kind first."""
    for pattern in _CUTS:
        found = [match.end() for match in pattern.finditer(text)]
        yield [at for at in found if text[:at].strip() and text[at:].strip()]
    yield [at for at in range(1, len(text)) if _between_letters(text, at)]


def _between_letters(text: str, at: int) -> bool:
    """Is this a border between two letters as a reader sees them?"""
    if _JOINED.match(text[at]) or text[at - 1] == "\u200d":
        return False
    flags = 0  # a flag is a pair of regional letters: never cut a pair
    while flags < at and "\U0001f1e6" <= text[at - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 0 or not "\U0001f1e6" <= text[at] <= "\U0001f1ff"


def borders(text: str) -> list[str]:
    """The letters of a text as a reader sees them (for tests and limits)."""
    cuts = [0, *(at for at in range(1, len(text)) if _between_letters(text, at)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]
