"""Whom readers write to where no embassy is known, or none that can be reached."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.campaign import Target

_PERMANENT = "permanent-mission"


def stand_in(named: Sequence[Target], every: Sequence[Target]) -> Target | None:
    """The permanent mission that the case names, else the target marked as fallback, else the
    first of the case that can be reached.

    `named` are the case's own targets, `every` all of the campaign; the case's go first.
    """
    marked = [target for target in (*named, *every) if target.fallback]
    missions = [target for target in named if _is_permanent_mission(target)]
    missions.sort(key=lambda target: not target.fallback)
    reachable = [target for target in named if _is_reachable(target)]
    return next(iter((*missions, *marked, *reachable)), None)


def _is_permanent_mission(target: Target) -> bool:
    mission = target.mission
    permanent = mission is not None and mission.kind == _PERMANENT
    return permanent and _is_reachable(target)


def _is_reachable(target: Target) -> bool:
    return any(contact.usable for contact in target.contacts)
