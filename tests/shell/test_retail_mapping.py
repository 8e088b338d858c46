"""The sample mapping on a few made-up invoices, and on the whole Online Retail data where it lies beside the tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.helpers.source import ROOT
from workers.inputs import read_events

if TYPE_CHECKING:
    from workers.inputs import Inputs

MAPPING = ROOT / "examples/online_retail/mapping.yaml"
SMALL = Path(__file__).parent / "data/orders.csv"
WHOLE = ROOT.parent / "shared/data/uci_online_retail.csv.gz"
FILES = [path for path in (SMALL, WHOLE) if path.exists()]
TOTALS = {  # lines, lines without a customer, invoices, invoices of a customer
    SMALL: (12, 2, 7, 6),
    WHOLE: (541_909, 135_080, 25_900, 22_190),
}
PER_CUSTOMER = """
    SELECT regexp_replace(CustomerID, '\\.0+$', '') AS customer,
           sum(CAST(Quantity AS DECIMAL(18, 0)) * CAST(UnitPrice AS DECIMAL(18, 4))) AS net,
           count(*) AS lines, count(DISTINCT InvoiceNo) AS invoices
    FROM read_csv($path, header = true, all_varchar = true, quote = '"', escape = '"')
    WHERE CustomerID IS NOT NULL AND CustomerID <> ''
    GROUP BY 1
"""


@pytest.fixture(params=FILES, ids=lambda path: path.name, scope="module")
def read(request: pytest.FixtureRequest) -> tuple[Path, Inputs]:
    return request.param, read_events([request.param], MAPPING)


def test_every_line_is_counted_and_lines_without_a_customer_are_rejected(read: tuple[Path, Inputs]) -> None:
    path, inputs = read
    records, nobody, invoices, events = TOTALS[path]

    assert inputs.records == records
    assert Counter(line.code for line in inputs.rejected) == {"no_person": nobody}
    assert len(inputs.arrived) == events
    assert sum(a.event.properties.get("lines", 0) for a in inputs.arrived) <= records - nobody
    found = duckdb.execute(
        "SELECT count(DISTINCT InvoiceNo) FROM read_csv($path, all_varchar = true)", {"path": str(path)}
    )
    assert found.fetchone() == (invoices,)


def test_what_each_customer_paid_is_exactly_what_a_database_adds_up(read: tuple[Path, Inputs]) -> None:
    path, inputs = read
    net: dict[str, Decimal] = defaultdict(Decimal)
    invoices: Counter[str] = Counter()
    for arrived in inputs.arrived:
        event = arrived.event
        sign = -1 if event.name == "order.cancelled" else 1
        net[event.person] += sign * event.properties["amount"]
        invoices[event.person] += 1

    rows = duckdb.execute(PER_CUSTOMER, {"path": str(path)}).fetchall()
    assert {customer: amount for customer, amount, _, _ in rows} == dict(net)
    assert {customer: count for customer, _, _, count in rows} == dict(invoices)


def test_events_come_in_the_order_of_their_first_lines(read: tuple[Path, Inputs]) -> None:
    _, inputs = read

    lines = [arrived.line for arrived in inputs.arrived]
    assert lines == sorted(set(lines))
    assert {arrived.event.name for arrived in inputs.arrived} == {"order.paid", "order.cancelled"}
