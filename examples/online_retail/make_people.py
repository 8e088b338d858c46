"""Makes people.jsonl.gz: invented names, addresses at example.com and consents for the customers of the sample data.

Nothing in it is real but the customer numbers and the moment of each first order. Run: python make_people.py
"""

from __future__ import annotations

import csv
import gzip
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
NAMES = [
    "Alex",
    "Bo",
    "Chris",
    "Dana",
    "Eli",
    "Fei",
    "Gale",
    "Hao",
    "Ida",
    "Jin",
    "Kim",
    "Lee",
    "Mika",
    "Noa",
    "Pat",
    "Qi",
    "Robin",
    "Sam",
    "Tao",
    "Wei",
]
SHARES = {"email": 0.8, "wecom": 0.5, "sms": 0.35}


def first_orders() -> dict[str, str]:
    """Customer → the time of the first invoice line, as it stands in the file."""
    out: dict[str, str] = {}
    with gzip.open(HERE / "online_retail.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            person = row["CustomerID"].removesuffix(".0")
            if person and row["InvoiceDate"] < out.get(person, "9"):
                out[person] = row["InvoiceDate"]
    return out


def events(person: str, first: str) -> list[dict[str, object]]:
    """What one person says of themselves, half a minute before their first order."""
    rng = random.Random(f"people-{person}")  # noqa: S311 - made-up data
    local = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo("Europe/London"))
    moment = (local - timedelta(seconds=30)).astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")
    said: list[tuple[str, dict[str, object]]] = [
        ("person.updated", {"name": rng.choice(NAMES), "language": rng.choice(["en", "en", "en", "zh"])})
    ]
    addresses = {
        "email": f"customer-{person}@example.com",
        "wecom": f"wm-{person}",
        "sms": f"+4420794{int(person) % 100000:05d}",
    }
    said += [
        ("contact.updated", {"channel": c, "address": addresses[c]})
        for c, share in SHARES.items()
        if rng.random() < share
    ]
    if rng.random() < 0.75:
        said.append(("consent.given", {"purpose": "marketing", "channel": "*"}))
    return [
        {
            "id": f"{person}-{at}",
            "person": person,
            "event": name,
            "time": moment,
            "properties": properties,
            "source": "made-up",
        }
        for at, (name, properties) in enumerate(said)
    ]


def main() -> None:
    """Write the file."""
    lines = [
        json.dumps(e, ensure_ascii=False)
        for person, first in sorted(first_orders().items())
        for e in events(person, first)
    ]
    with gzip.GzipFile(HERE / "people.jsonl.gz", "wb", mtime=0) as file:
        file.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
