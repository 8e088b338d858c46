"""A schedule in the reference of a playbook reads as one would say it."""

from __future__ import annotations

import pytest

from rules.check import check_playbook
from rules.reference.words import trigger_text
from tests.helpers.playbooks import ZONES

WORDS = {
    '{cron: "30 8 * * 1", zone: person}': "Mondays at 08:30 on the person's own clock",
    '{cron: "0 9 * * *"}': "every day at 09:00 on the workspace's clock",
    '{cron: "0 9,18 * * 1-5", zone: Europe/London}': "Mondays to Fridays at 09:00 and 18:00 in Europe/London",
    '{cron: "5 12 * * 2,4,0"}': "Tuesdays, Thursdays and Sundays at 12:05 on the workspace's clock",
    '{cron: "0 10 1,15,22 * *"}': "on the 1st, 15th and 22nd of each month at 10:00 on the workspace's clock",
    '{cron: "*/15 * * * *"}': "every day every 15 minutes on the workspace's clock",
    '{cron: "30 * * * 6"}': "Saturdays every hour at :30 on the workspace's clock",
    '{cron: "*/15 9-18 1,15 * 1-5"}': "cron */15 9-18 1,15 * 1-5 on the workspace's clock",
    '{cron: "0 9 1 6 *"}': "cron 0 9 1 6 * on the workspace's clock",
    '{cron: "0 9 * * *", workdays: true}': "workdays of CN, at 09:00 on the workspace's clock",
    '{cron: "0 9 * * 1", workdays: true}': "workdays of CN of cron 0 9 * * 1, at 09:00 on the workspace's clock",
    '{anniversary: birthday, at: "09:00", before: 7d}': "7 days before the anniversary of birthday, at 09:00 on the person's own clock",
    '{anniversary: birthday, at: "09:00"}': "the anniversary of birthday, at 09:00 on the person's own clock",
    '{month_end: true, at: "18:00", before: 1d}': "1 day before the last day of each month, at 18:00 on the workspace's clock",
    "{at: 2026-12-01T10:00:00+08:00}": "once, at 2026-12-01T02:00:00.000Z",
}  # fmt: skip
SHOP = """\
workspace: {{zone: Asia/Shanghai, currency: CNY, country: CN}}
traits: {{birthday: {{type: date}}}}
rules: {{r: {{schedule: {schedule}, limit: once, then: [{{tag: x}}]}}}}
"""


@pytest.mark.parametrize(("schedule", "words"), WORDS.items(), ids=list(WORDS))
def test_a_schedule_is_told_in_words(schedule: str, words: str) -> None:
    playbook, findings = check_playbook({"shop.yaml": SHOP.format(schedule=schedule)}, ZONES)

    assert playbook is not None, findings
    assert trigger_text(playbook.rules["r"]) == words
