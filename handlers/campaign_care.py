"""What a campaign file says of people that can do harm: what is kept back, and what goes out.

Neither is a mistake. Both are said at every import, so that somebody looks before anything leaves.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.campaign import CAREFUL, Campaign, Person
from handlers.campaign_lines import Loc
from handlers.campaign_problems import Finding


def told_with_care(campaign: Campaign) -> list[Finding]:
    """One finding for each health, family and exact place that the file names."""
    return [
        finding
        for number, case in enumerate(campaign.cases)
        for place, person in enumerate(case.people)
        for finding in _of(("cases", number, "people", place), person)
    ]


def _of(loc: Loc, person: Person) -> Iterator[Finding]:
    for name, field in CAREFUL.items():
        args = {"field": field, "word": name, "person": person.name}
        if getattr(person, field):
            key = "import-public" if name in person.public else "import-kept-back"
            yield Finding((*loc, field), key, args)
        elif name in person.public:
            yield Finding((*loc, "public"), "import-public-empty", args)
