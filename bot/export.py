"""`tocsin export`: the campaigns as JSON. Subscribers are never exported: there is no way to."""

from __future__ import annotations

import json

from bot.app import open_storage
from bot.config import Config
from handlers import casebook
from storage import hearings


async def export(config: Config) -> str:
    """Every campaign with its cases, hearings and targets, as JSON text."""
    async with open_storage(config) as storage, storage.database.read() as session:
        campaigns = []
        for campaign in await casebook.campaigns(session):
            mine = await casebook.whole_cases(session, campaign.id)
            cases = [
                {
                    **json.loads(case.model_dump_json(exclude={"hearings"})),
                    "hearings": [
                        json.loads(row.document)
                        for row in await hearings.of_case(session, case.id)
                    ],
                }
                for case in mine
            ]
            targets = await casebook.targets(session, campaign.id)
            campaigns.append(
                {
                    **json.loads(campaign.model_dump_json(exclude={"cases", "targets"})),
                    "targets": [json.loads(target.model_dump_json()) for target in targets],
                    "cases": cases,
                }
            )
    return json.dumps({"campaigns": campaigns}, ensure_ascii=False, indent=2)
