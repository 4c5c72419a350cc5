"""On which line of a TOML file a value stands.

`tomllib` forgets where it found things; an organiser with a hundred contacts must not be left
to search. The grammar is read a second time, for positions only.
"""

from __future__ import annotations

import tomllib
from functools import cache

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Loc = tuple[str | int, ...]
"""Where a value is: keys and list positions from the top, as pydantic names them."""

_KEYS = ("bare_key", "quoted_key", "dotted_key")


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_toml.language()))


class Lines:
    """The line of every key and list item in a TOML text."""

    def __init__(self, text: str) -> None:
        self._found: dict[Loc, int] = {}
        self._counts: dict[Loc, int] = {}  # how many tables each [[name]] has had so far
        for node in _parser().parse(text.encode()).root_node.named_children:
            self._read(node)

    def at(self, loc: Loc) -> int:
        """The line, from 1, of this value, or of the nearest thing around it."""
        for length in range(len(loc), 0, -1):
            if loc[:length] in self._found:
                return self._found[loc[:length]]
        return 1

    def _read(self, node: Node) -> None:
        if node.type == "pair":
            self._pair((), node)
        elif node.type in ("table", "table_array_element"):
            self._table(node)

    def _table(self, node: Node) -> None:
        keys = [child for child in node.named_children if child.type in _KEYS]
        if not keys:
            return
        *before, last = _parts(keys[0])
        loc: Loc = (*self._current(before), last)
        if node.type == "table_array_element":
            self._note(loc, node)
            number = self._counts[loc] = self._counts.get(loc, 0) + 1
            loc = (*loc, number - 1)
        self._note(loc, node)
        for child in node.named_children:
            if child.type == "pair":
                self._pair(loc, child)

    def _current(self, names: list[str]) -> Loc:
        """The way through these names, into the last table of every list of tables on it."""
        loc: Loc = ()
        for name in names:
            loc = (*loc, name)
            if loc in self._counts:
                loc = (*loc, self._counts[loc] - 1)
        return loc

    def _pair(self, around: Loc, node: Node) -> None:
        key, *values = (child for child in node.named_children if child.type != "comment")
        loc = around
        for part in _parts(key):
            loc = (*loc, part)
            self._note(loc, node)
        for value in values:
            self._value(loc, value)

    def _value(self, loc: Loc, node: Node) -> None:
        inside = [child for child in node.named_children if child.type != "comment"]
        if node.type == "inline_table":
            for child in inside:
                self._pair(loc, child)
        elif node.type == "array":
            for number, child in enumerate(inside):
                self._note((*loc, number), child)
                self._value((*loc, number), child)

    def _note(self, loc: Loc, node: Node) -> None:
        self._found.setdefault(loc, node.start_point.row + 1)


def _parts(node: Node) -> list[str]:
    """The names in a key: `a."b c"` has two."""
    if node.type == "dotted_key":
        return [part for child in node.named_children for part in _parts(child)]
    text = (node.text or b"").decode()
    return [tomllib.loads(f"key = {text}")["key"]] if node.type == "quoted_key" else [text]
