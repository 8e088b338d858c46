from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import zstandard

from schemas.errors import InputError, PlaybookError
from schemas.times import format_time
from workers.inputs import read_events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workers.inputs import Inputs

CSV = (
    "invoice,customer,date,amount\n1,ann,2020-01-01 10:00:00,5.50\n1,ann,2020-01-01 10:00:00,0.25\n2,bob,2020-01-02,7\n"
)
MAPPING = """\
source: shop
format: {type: csv}
zone: Europe/London
group_by: row.invoice
person: row.customer
time: row.date
id: row.invoice
events:
  - event: order.paid
    properties: {amount: sum(row.amount)}
"""
EVENTS = [
    {"id": "1", "person": "ann", "event": "order.paid", "time": "2020-01-01T10:00:00Z", "properties": {"amount": 5.75}},
    {"id": "2", "person": "bob", "event": "order.paid", "time": 1577923200000},
]
LINES = "".join(json.dumps(event) + "\n" for event in EVENTS)


def plain(data: bytes) -> bytes:
    return data


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def in_frames(data: bytes) -> bytes:
    return zstd(data[:20]) + zstd(data[20:21]) + zstd(data[21:])


def write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def read_csv(folder: Path, data: str | bytes, mapping: str = MAPPING) -> Inputs:
    return read_events([write(folder, "orders.csv", data)], write(folder, "mapping.yaml", mapping))


def fault_of(call: Callable[[], object]) -> InputError:
    with pytest.raises(InputError) as raised:
        call()
    assert str(raised.value).isprintable()
    return raised.value


# -- formats


@pytest.mark.parametrize("pack", [plain, gz, zstd, in_frames])
@pytest.mark.parametrize("ending", ["", ".gz", ".zst", ".bin"])
def test_a_csv_is_read_as_what_it_holds_whatever_its_name_says(
    tmp_path: Path, pack: Callable[[bytes], bytes], ending: str
) -> None:
    file = write(tmp_path, f"orders.csv{ending}", pack(CSV.encode()))

    inputs = read_events([file], write(tmp_path, "mapping.yaml", MAPPING))

    assert [(a.event.id, a.event.person, a.event.properties, a.line) for a in inputs.arrived] == [
        ("1", "ann", {"amount": Decimal("5.75")}, 2),
        ("2", "bob", {"amount": 7}, 4),
    ]
    assert (inputs.records, inputs.rejected) == (3, [])


@pytest.mark.parametrize("pack", [plain, gz, zstd, in_frames])
@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        ("events.jsonl", LINES, [1, 2]),
        ("events.ndjson", "\n" + LINES.replace("\n", "\r\n\r\n"), [2, 4]),
        ("events.json", json.dumps(EVENTS), [1, 1]),
        ("events.json", json.dumps(EVENTS, indent=2), [2, 11]),
        ("events.json", LINES, [1, 2]),
        ("events", LINES, [1, 2]),
        ("events.txt", "  \n" + json.dumps(EVENTS), [2, 2]),
        ("events.jsonl", "\ufeff" + LINES, [1, 2]),
        ("events.json", "\ufeff" + json.dumps(EVENTS), [1, 1]),
    ],
)
def test_events_as_json_need_no_mapping(
    tmp_path: Path, pack: Callable[[bytes], bytes], name: str, text: str, places: list[int]
) -> None:
    inputs = read_events([write(tmp_path, name, pack(text.encode()))])

    assert inputs.rejected == []
    assert inputs.records == 2
    assert [(a.event.id, a.event.person, a.line) for a in inputs.arrived] == [
        ("1", "ann", places[0]),
        ("2", "bob", places[1]),
    ]
    assert inputs.arrived[0].event.properties == {"amount": Decimal("5.75")}


def test_json_lines_go_through_a_mapping_for_json_lines(tmp_path: Path) -> None:
    mapping = MAPPING.replace("type: csv", "type: jsonl").replace("row.customer", "row.buyer.id")
    good = '{"invoice": 1, "buyer": {"id": 17850.0}, "date": "2020-01-01", "amount": 1.10}'
    lines = good + '\n{"invoice": 2, "amount": "x"}\n[]\n{\n'

    inputs = read_events([write(tmp_path, "x.jsonl", lines)], write(tmp_path, "mapping.yaml", mapping))

    assert [(a.event.id, a.event.person, a.event.properties) for a in inputs.arrived] == [
        ("1", "17850", {"amount": Decimal("1.10")})
    ]
    assert [(r.line, r.code, r.record) for r in inputs.rejected] == [
        (2, "no_person", '{"invoice": 2, "amount": "x"}'),
        (3, "not_an_object", "[]"),
        (4, "bad_json", "{"),
    ]
    assert inputs.records == 4


def test_a_mapping_for_csv_leaves_json_events_alone(tmp_path: Path) -> None:
    files = [write(tmp_path, "people.jsonl", LINES.splitlines()[1]), write(tmp_path, "orders.csv", CSV)]

    inputs = read_events(files, write(tmp_path, "mapping.yaml", MAPPING))

    assert [(a.file.rpartition("/")[2], a.line, a.event.id) for a in inputs.arrived] == [
        ("people.jsonl", 1, "2"),
        ("orders.csv", 2, "1"),
        ("orders.csv", 4, "2"),
    ]


def test_lines_of_one_group_may_lie_in_several_files(tmp_path: Path) -> None:
    more = "date,amount,invoice,customer\n2020-01-03,0.25,2,bob\n2020-01-01,1,3,cat\n"
    files = [write(tmp_path, "a.csv", CSV), write(tmp_path, "b.csv", more)]

    inputs = read_events(files, write(tmp_path, "mapping.yaml", MAPPING))

    assert [(a.event.id, a.event.properties["amount"]) for a in inputs.arrived] == [
        ("1", Decimal("5.75")),
        ("2", Decimal("7.25")),
        ("3", 1),
    ]
    assert inputs.arrived[2].file.endswith("b.csv")


def test_an_encoding_is_named_in_the_mapping(tmp_path: Path) -> None:
    mapping = MAPPING.replace("type: csv", "type: csv, encoding: gb18030")

    inputs = read_csv(tmp_path, "invoice,customer,date,amount\n1,王芳,2020-01-01,5\n".encode("gb18030"), mapping)

    assert [a.event.person for a in inputs.arrived] == ["王芳"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert len(read_csv(tmp_path, b"\xef\xbb\xbf" + CSV.encode()).arrived) == 2


def test_local_times_are_those_of_the_zone(tmp_path: Path) -> None:
    inputs = read_csv(tmp_path, "invoice,customer,date,amount\n1,ann,2020-07-01 10:00:00,5\n")

    assert format_time(inputs.arrived[0].event.time or 0) == "2020-07-01T09:00:00.000Z"


# -- faulty lines


def test_a_faulty_line_is_rejected_alone_with_its_file_line_and_text(tmp_path: Path) -> None:
    rows = [
        "invoice,customer,date,amount",
        "1,ann,2020-01-01,5",
        "2,,2020-01-01,5",
        '3,"bob ""the"" cook, Rome",2020-01-01,five',
        "4,ann,2020-01-01",
        "",
        '5,"ann"x,2020-01-01,5',
        '6,ann,2020-01-01,"5',
        '0"',
        "7,ann,,5",
        "1,ann,2020-01-01,0.50",
    ]

    inputs = read_csv(tmp_path, "\r\n".join(rows) + "\r\n")

    assert [(r.line, r.code, r.record) for r in inputs.rejected] == [
        (3, "no_person", rows[2]),
        (4, "not_a_number", rows[3]),
        (5, "bad_csv", rows[4]),
        (7, "bad_csv", rows[6]),
        (8, "not_a_number", "\r\n".join(rows[7:9])),
        (10, "no_time", rows[9]),
    ]
    assert {r.file for r in inputs.rejected} == {str(tmp_path / "orders.csv")}
    assert all(r.message for r in inputs.rejected)
    assert inputs.records == 8
    assert [a.event.properties for a in inputs.arrived] == [{"amount": Decimal("5.50")}]


def test_the_lines_of_a_group_of_two_people_are_rejected_with_their_texts(tmp_path: Path) -> None:
    first = write(tmp_path, "a.csv", CSV)
    second = write(tmp_path, "b.csv", 'invoice,customer,date,amount\n9,cat,2020-01-01,1\n1,eve,2020-01-01,"1"\n')

    inputs = read_events([first, second], write(tmp_path, "mapping.yaml", MAPPING))

    assert [(r.file, r.line, r.code, r.record) for r in inputs.rejected] == [
        (str(first), 2, "mixed_person", "1,ann,2020-01-01 10:00:00,5.50"),
        (str(first), 3, "mixed_person", "1,ann,2020-01-01 10:00:00,0.25"),
        (str(second), 3, "mixed_person", '1,eve,2020-01-01,"1"'),
    ]
    assert [a.event.id for a in inputs.arrived] == ["2", "9"]
    assert inputs.records == 5


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"id": "1", "person": "ann", "event": "e"}', "no_time"),
        (b'{"id": "1", "person": "ann", "event": "e", "time": null}', "no_time"),
        (b'{"id": "1", "person": "ann", "event": "e", "time": "soon"}', "bad_time"),
        (b'{"id": "1", "event": "e", "time": 1577836800000}', "no_person"),
        (b'{"id": "1", "person": "ann", "time": 1577836800000}', "no_event"),
        (b'{"id": "1", "id": "2"}', "duplicate_key"),
        (b'{"id": "1"', "bad_json"),
        (b'{"id": "\xff"}', "bad_json"),
        (b'["id"]', "not_an_object"),
        pytest.param(b'{"x": "' + b"x" * 70_000 + b'"}', "too_large", id="large"),
        pytest.param(b"[" * 5_000, "too_deep", id="deep"),
    ],
)
def test_a_line_that_is_no_event_is_rejected_alone(tmp_path: Path, line: bytes, code: str) -> None:
    lines = LINES.encode().splitlines()

    inputs = read_events([write(tmp_path, "events.jsonl", b"\n".join([lines[0], line, lines[1]]))])

    assert [(r.line, r.code) for r in inputs.rejected] == [(2, code)]
    assert [a.line for a in inputs.arrived] == [1, 3]
    assert inputs.records == 3


def test_an_item_of_a_list_that_is_no_event_is_rejected_alone(tmp_path: Path) -> None:
    items = [json.dumps(EVENTS[0]), '{"id": 1e400, "id": 2}', "7", json.dumps(EVENTS[1])]

    inputs = read_events([write(tmp_path, "events.json", "[\n" + ",\n".join(items) + "\n]\n")])

    assert [(r.line, r.code, r.record) for r in inputs.rejected] == [
        (3, "bad_number", items[1]),
        (4, "not_an_object", "7"),
    ]
    assert [a.line for a in inputs.arrived] == [2, 5]


def test_repeats_are_not_rejected_here(tmp_path: Path) -> None:
    inputs = read_events([write(tmp_path, "events.jsonl", LINES * 2)])

    assert [a.event.id for a in inputs.arrived] == ["1", "2", "1", "2"]
    assert (inputs.records, inputs.rejected) == (4, [])


# -- faulty files


WHOLE_FILE_FAULTS = {
    "empty": ("orders.csv", b"", "no_header"),
    "only empty lines": ("orders.csv", b"\n\n", "no_header"),
    "latin-1": ("orders.csv", CSV.encode() + "3,zoé,2020-01-01,5\n".encode("latin-1"), "bad_encoding"),
    "utf-16": ("orders.csv", CSV.encode("utf-16"), "bad_encoding"),
    "another column": ("orders.csv", CSV.replace("customer", "client").encode(), "no_column"),
    "open quotation mark": ("orders.csv", CSV.encode() + b'3,"ann,2020-01-01,5\n4,bob,2020-01-01,6\n', "bad_csv"),
    "endless field": ("orders.csv", CSV.encode() + b'3,"' + b"x\n" * 100_000, "bad_csv"),
    "gzip without its end": ("orders.csv.gz", gz(CSV.encode() * 9)[:-4], "truncated"),
    "half a gzip": ("orders.csv.gz", gz(CSV.encode() * 9)[:40], "truncated"),
    "gzip with another checksum": ("orders.csv.gz", gz(CSV.encode())[:-8] + b"\0" * 8, "damaged"),
    "no gzip inside": ("orders.csv.gz", gz(CSV.encode())[:10] + b"\xff" * 40, "damaged"),
    "zstandard without its end": ("orders.csv.zst", zstd(CSV.encode() * 9)[:-4], "truncated"),
    "no zstandard inside": ("orders.csv.zst", zstd(CSV.encode())[:5] + b"\xff" * 40, "damaged"),
    "open list": ("events.json", b"[", "bad_json"),
    "list without commas": ("events.json", b"[" + LINES.encode() + b"]", "bad_json"),
    "list without its end": ("events.json", b'[{"id": "1"}', "bad_json"),
    "broken item": ("events.json", b'[{"id": "1",}]', "bad_json"),
    "deep list": ("events.json", b"[" * 100_000, "bad_json"),
    "list in another encoding": ("events.json", b'["\xff"]', "bad_encoding"),
}


@pytest.mark.parametrize("fault", WHOLE_FILE_FAULTS)
def test_a_file_that_cannot_be_used_as_a_whole_is_one_sentence(tmp_path: Path, fault: str) -> None:
    name, data, code = WHOLE_FILE_FAULTS[fault]
    file, mapping = write(tmp_path, name, data), write(tmp_path, "mapping.yaml", MAPPING)

    raised = fault_of(lambda: read_events([file], mapping))

    assert raised.code == code
    assert str(file) in str(raised)


def test_a_file_that_is_not_there_or_a_folder_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, "file", "x")

    assert str(fault_of(lambda: read_events([tmp_path / "no.csv"]))) == f"{tmp_path / 'no.csv'} does not exist"
    assert "is a folder" in str(fault_of(lambda: read_events([tmp_path])))
    assert "cannot be read" in str(fault_of(lambda: read_events([tmp_path / "file" / "below.csv"])))


def test_a_csv_without_a_mapping_is_one_sentence_that_names_the_option(tmp_path: Path) -> None:
    file, mapping = write(tmp_path, "orders.csv", CSV), write(tmp_path, "mapping.yaml", MAPPING.replace("csv", "jsonl"))

    for fault in (fault_of(lambda: read_events([file])), fault_of(lambda: read_events([file], mapping))):
        assert fault.code == "no_mapping"
        assert "--mapping" in str(fault)


def test_a_file_named_twice_is_refused(tmp_path: Path) -> None:
    file, mapping = write(tmp_path, "orders.csv", CSV), write(tmp_path, "mapping.yaml", MAPPING)

    fault = fault_of(lambda: read_events([file, tmp_path / "." / "x" / ".." / "orders.csv"], mapping))

    assert fault.code == "named_twice"


def test_a_faulty_mapping_brings_its_findings(tmp_path: Path) -> None:
    mapping = write(tmp_path, "mapping.yaml", MAPPING.replace("row.customer", "customer"))

    with pytest.raises(PlaybookError) as raised:
        read_events([write(tmp_path, "orders.csv", CSV)], mapping)

    assert [(f.file, f.line, f.column, f.code) for f in raised.value.findings] == [(str(mapping), 5, 9, "unknown_name")]


def test_a_mapping_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    file = write(tmp_path, "orders.csv", CSV)

    assert fault_of(lambda: read_events([file], tmp_path / "no.yaml")).code == "no_file"
    assert fault_of(lambda: read_events([file], write(tmp_path, "m.yaml", b"source: \xff"))).code == "bad_encoding"


# -- progress


def test_progress_counts_the_bytes_of_all_files_up_to_their_sum(tmp_path: Path) -> None:
    rows = "".join(f"{n},ann,2020-01-01,1\n" for n in range(30_000))
    files = [write(tmp_path, "a.csv", CSV + rows), write(tmp_path, "b.csv.gz", gz((CSV + rows).encode()))]
    steps: list[tuple[str, int, int]] = []

    read_events(files, write(tmp_path, "mapping.yaml", MAPPING), lambda *step: steps.append(step))

    total = sum(file.stat().st_size for file in files)
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)
    assert len(steps) > 10
    assert steps[-1] == ("read", total, total)
    assert {(what, of) for what, _, of in steps} == {("read", total)}


def test_the_end_of_the_last_group_is_read_too_when_nothing_follows(tmp_path: Path) -> None:
    assert len(read_csv(tmp_path, CSV.rstrip("\n")).arrived) == 2
