"""The demo on a year of real orders, held against an independent computation in SQL over the same CSV."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.helpers.installation import Installation
from tests.helpers.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CSV = ROOT / "examples" / "online_retail" / "online_retail.csv.gz"

# Every invoice of a known customer: its moment in UTC, its kind and its amount, from the raw lines alone.
ORDERS = f"""
CREATE TABLE orders AS
WITH lines AS (
    SELECT replace(CustomerID, '.0', '') AS person, InvoiceNo AS id, InvoiceDate::TIMESTAMP AS moment,
           Quantity::DECIMAL(18, 0) * UnitPrice::DECIMAL(18, 3) AS amount
    FROM read_csv('{CSV}', header = true, all_varchar = true) WHERE CustomerID IS NOT NULL AND CustomerID <> ''
)
SELECT person, id, epoch_ms(timezone('Europe/London', min(moment))) AS t, id LIKE 'C%' AS cancelled,
       (CASE WHEN id LIKE 'C%' THEN -1 ELSE 1 END * round(sum(amount), 2))::DECIMAL(18, 2) AS amount
FROM lines GROUP BY person, id
"""
# What may change a stage: an order, or an old one leaving a window. Then the stage at each such moment, from scratch.
STAGES = """
CREATE TABLE stages AS
WITH moments AS (
    SELECT DISTINCT o.person, o.t + d.d * 86400000::BIGINT AS t FROM orders o, (VALUES (0), (30), (60), (90), (365)) d(d)
), bounded AS (SELECT * FROM moments WHERE t <= (SELECT max(t) FROM orders)),
facts AS (
    SELECT m.person, m.t,
        min(o.t) FILTER (NOT o.cancelled) AS first_paid, max(o.t) AS last_any,
        count(*) FILTER (o.t > m.t - 90 * 86400000::BIGINT) AS in_90,
        coalesce(sum(CASE WHEN o.cancelled THEN -o.amount ELSE o.amount END) FILTER (o.t > m.t - 365 * 86400000::BIGINT), 0) AS net
    FROM bounded m JOIN orders o ON o.person = m.person AND o.t <= m.t GROUP BY m.person, m.t
)
SELECT person, t, net, CASE
    WHEN first_paid > t - 30 * 86400000::BIGINT THEN 'new'
    WHEN net >= 2000 THEN 'high_value'
    WHEN in_90 >= 3 THEN 'active'
    WHEN last_any <= t - 60 * 86400000::BIGINT THEN 'dormant'
    ELSE 'regular' END AS stage
FROM facts
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of one run of `touchline demo`."""
    here = Installation(tmp_path_factory.mktemp("demo"), {})
    done = here.run("demo", "--out", "demo", timeout=300)
    assert done.returncode == 0, done.stderr
    assert "People by stage" in done.stdout
    return here.folder / "demo"


@pytest.fixture(scope="module")
def sql() -> duckdb.DuckDBPyConnection:
    """The orders and stages in SQL."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(ORDERS)
    connection.execute(STAGES)
    return connection


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line, parse_float=Decimal) for line in path.read_text("utf-8").splitlines()]


def test_the_counts_of_stages_are_those_of_sql(out: Path, sql: duckdb.DuckDBPyConnection) -> None:
    wanted = sql.execute(
        "SELECT stage, count(*) FROM (SELECT person, max_by(stage, t) AS stage FROM stages GROUP BY person) GROUP BY stage"
    )

    found = Counter(profile["stage"] for profile in _lines(out / "profiles.jsonl"))

    assert dict(wanted.fetchall()) == dict(found)


def test_the_sums_of_every_customer_are_those_of_sql_to_the_penny(out: Path, sql: duckdb.DuckDBPyConnection) -> None:
    end = "(SELECT max(t) FROM orders)"
    wanted = sql.execute(
        f"""SELECT person, coalesce(sum(CASE WHEN cancelled THEN -amount ELSE amount END)
        FILTER (t > {end} - 365 * 86400000::BIGINT), 0)::DECIMAL(18, 2) FROM orders GROUP BY person"""
    )

    found = {profile["person"]: Decimal(profile["traits"]["spent_year"]) for profile in _lines(out / "profiles.jsonl")}

    assert dict(wanted.fetchall()) == found


def test_the_vips_are_those_of_sql(out: Path, sql: duckdb.DuckDBPyConnection) -> None:
    end = "(SELECT max(t) FROM orders)"
    wanted = sql.execute(
        f"""SELECT person FROM orders WHERE t > {end} - 365 * 86400000::BIGINT GROUP BY person
        HAVING sum(CASE WHEN cancelled THEN -amount ELSE amount END) >= 5000"""
    )

    found = {profile["person"] for profile in _lines(out / "profiles.jsonl") if "vip" in profile["segments"]}

    assert {row[0] for row in wanted.fetchall()} == found


def test_the_entries_into_dormant_by_month_are_those_of_sql(out: Path, sql: duckdb.DuckDBPyConnection) -> None:
    wanted = sql.execute(
        """SELECT strftime(make_timestamp(t * 1000), '%Y-%m') AS month, count(*) FROM (
            SELECT t, stage, lag(stage) OVER (PARTITION BY person ORDER BY t) AS before FROM stages
        ) WHERE stage = 'dormant' AND before IS DISTINCT FROM 'dormant' GROUP BY month"""
    )

    entries = [
        m for m in _lines(out / "memberships.jsonl") if m["segment"] == "stage:dormant" and m["change"] == "enter"
    ]

    assert dict(wanted.fetchall()) == dict(Counter(entry["time"][:7] for entry in entries))


def test_every_welcome_message_shows_the_code_that_was_issued(out: Path) -> None:
    codes = {
        c["person"]: c["code"]
        for c in _lines(out / "coupons.jsonl")
        if c["pool"] == "welcome" and c["status"] == "issued"
    }
    sent = [d for d in _lines(out / "deliveries.jsonl") if d["template"] == "welcome" and d["status"] == "sent"]

    assert len(sent) > 1_000
    assert all(codes[d["person"]] in d["body"] for d in sent)


def test_nobody_without_consent_is_written_to(out: Path) -> None:
    consents = {e["person"] for e in _people() if e["event"] == "consent.given"}
    marketing = {"welcome", "winback", "vip_invitation"}

    sent = {
        d["person"] for d in _lines(out / "deliveries.jsonl") if d["status"] == "sent" and d["template"] in marketing
    }

    assert sent <= consents


def _people() -> list[dict[str, Any]]:
    import gzip

    with gzip.open(ROOT / "examples" / "online_retail" / "people.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_messages_lie_in_files_by_channel(out: Path) -> None:
    sent = Counter(d["channel"] for d in _lines(out / "deliveries.jsonl") if d["status"] == "sent")

    files = {path.stem: len(_lines(path)) for path in (out / "messages").iterdir()}

    assert dict(sent) == files


def test_a_person_of_the_demo_can_be_looked_at(out: Path) -> None:
    here = Installation(out.parent, {})

    shown = here.run("person", "17850", "--from", str(out), "--json")

    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["profile"]["person"] == "17850"
