"""Mappings of recorded lines, applied."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from rules.mapping import Mapping, read_mapping
from rules.mapping_groups import Mapper
from schemas.errors import EventRefused

if TYPE_CHECKING:
    from schemas.events import Event

__all__ = ["HEADER", "INVOICES", "apply", "each_line", "mapping_of", "value_of"]

INVOICES = """\
source: shop
zone: Europe/London
group_by: row.invoice
person: row.customer
time: row.date
id: row.invoice
events:
  - event: order.cancelled
    when: row.invoice.startsWith("C")
    properties: {order_id: row.invoice, amount: -sum(row.quantity * row.price)}
  - event: order.paid
    properties: {order_id: row.invoice, amount: sum(row.quantity * row.price), currency: '"GBP"', lines: count()}
"""


HEADER = "invoice,customer,date,quantity,price"


def mapping_of(text: str) -> Mapping:
    mapping, findings = read_mapping(text, "mapping.yaml")
    assert findings == []
    assert mapping is not None
    return mapping


def apply(text: str, *lines: str, header: str = HEADER) -> tuple[list[Event], dict[int, str]]:
    """Events, and the codes of the refused lines by their number, the first line being 1."""
    mapping = mapping_of(text)
    mapper, pick = Mapper(mapping), mapping.picker(header.split(","), "orders.csv")
    refused: dict[int, str] = {}
    for number, row in enumerate(csv.reader(lines), 1):
        try:
            mapper.add(pick(row), number)
        except EventRefused as fault:
            refused[number] = fault.code
    mapper.finish()
    refused.update({place: code for place, code, _ in mapper.refused})
    return [event for _, event in mapper.events], refused


def each_line(**properties: str) -> str:
    """A mapping that makes an event with these properties of every line."""
    listed = "".join(f"      {name}: {value}\n" for name, value in properties.items())
    return f"person: row.p\ntime: '\"2020-01-01T00:00:00Z\"'\nevents:\n  - event: e\n    properties:\n{listed}"


def value_of(expression: str, **row: str) -> object:
    """What an expression gives for one row, as a property."""
    header, fields = ",".join(["p", *row]), ",".join(["ann", *row.values()])
    events, refused = apply(each_line(x="'" + expression.replace("'", "''") + "'"), fields, header=header)
    return next(iter(refused.values())) if refused else events[0].properties.get("x")
