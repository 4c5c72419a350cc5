"""How long the bot waits for a homeserver."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    request: float = 30.0  # for one answer, from the first byte sent to the last received
    keys: float = 45.0  # for sharing a room's key with everybody in it
    send: float = 90.0  # for a message with all that has to come before it
    ready: float = 20.0  # how long a send waits for the first sync
    poll: float = 30.0  # how long the homeserver may keep a sync that has no news
    late: float = 20.0  # how much longer than that it may take
    full_sync: float = 600.0  # the first one brings every room's whole state
    first_pause: float = 1.0  # after a failure; it doubles with each one that follows
    longest_pause: float = 60.0
    longest_flood: float = 300.0  # asking for news is harmless, being deaf for hours is not
    choices: float = 10.0  # for looking up what was picked, all that came with one sync
    warm_again: float = 20.0  # between two looks for rooms whose key is not handed over yet
    cold_room: float = 900.0  # before a room is tried again in which that failed
    learn: float = 12.0  # for the keys of who has written; meanwhile nothing is heard
    silence: float = 600.0  # a homeserver that told no keys is not asked for so long
    share_again: float = 300.0  # before a key is offered again to who could not be given it
    key_expected: float = 90.0  # for a message's key; then its writer is told
    key_too_late: float = 900.0  # after that an answer would only puzzle
    join_again: float = 30.0
    count_again: float = 60.0  # how much of the store's use a backup may miss and go unnoticed
    vouch_again: float = 3600.0  # after the homeserver or another client stood in the way
