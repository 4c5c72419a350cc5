"""Whom readers write to where no embassy is known, or none that can be reached."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.campaign import Target

_PERMANENT = "permanent-mission"


def stand_in(named: Sequence[Target], every: Sequence[Target]) -> Target | None:
    """The permanent mission that the case names, else the target marked as fallback, else the
    first of the case; of these the first that can be reached, if possible without a doubt.

    `named` are the case's own targets, `every` all of the campaign; the case's go first.
    """
    marked = [target for target in (*named, *every) if target.fallback]
    missions = [target for target in named if _is_permanent_mission(target)]
    missions.sort(key=lambda target: not target.fallback)
    in_order = [*missions, *marked, *named]
    trusted = [target for target in in_order if _is_trusted(target)]
    reachable = [target for target in in_order if _is_reachable(target)]
    return next(iter((*trusted, *reachable, *marked)), None)


def _is_permanent_mission(target: Target) -> bool:
    return target.mission is not None and target.mission.kind == _PERMANENT


def _is_reachable(target: Target) -> bool:
    return any(contact.usable for contact in target.contacts)


def _is_trusted(target: Target) -> bool:
    return any(contact.usable and not contact.doubtful for contact in target.contacts)
