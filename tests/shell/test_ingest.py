"""Ingest: every event that is sent is stored in the log or kept as a refusal, and the answer says which."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import decode_event
from schemas.records import behaviour, decode, encode
from tests.helpers.ingesting import NOW, Shop, codes_of
from tests.helpers.nasty_events import FIELDS, NASTY, nasty_events
from web.body import MAX_BODY, MAX_EVENTS

EVENT = {
    "id": "1",
    "person": "17850",
    "event": "order.paid",
    "time": "2026-05-01T10:00:00Z",
    "properties": {"amount": 1.5},
}
GOOD = {f"good-{n}": json.dumps(EVENT | {"id": f"g{n}", "person": f"good-{n}"}).encode() for n in (1, 2)}
STORED = {person: encode(behaviour(decode_event(text))) for person, text in GOOD.items()}


def event(**changes: object) -> bytes:
    return json.dumps(EVENT | changes).encode()


async def test_one_event_is_stored_under_its_person() -> None:
    shop = Shop()

    answer = await shop.send(event())

    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "refused": [], "warnings": []})
    assert answer.headers["content-type"] == "application/json"
    (record,) = await shop.records()
    assert (record.key, record.value) == ("17850", encode(behaviour(decode_event(event()))))
    assert shop.counted == [(1, [])]


async def test_a_list_keeps_its_order() -> None:
    shop = Shop()

    answer = await shop.send(b"[" + b",\n ".join(event(id=str(n)) for n in range(500)) + b"]\n")

    assert answer.json()["accepted"] == 500
    assert [each.id for each in await shop.events()] == [str(n) for n in range(500)]


async def test_an_empty_list_is_no_mistake() -> None:
    assert (await Shop().send(b" [ ] ")).json() == {"accepted": 0, "refused": [], "warnings": []}


async def test_an_event_without_time_is_left_to_the_time_of_the_log() -> None:
    shop = Shop()
    await shop.send(event(time=None))

    assert [(each.time, each.id) for each in await shop.events()] == [(None, "1")]


async def test_an_event_without_id_and_time_is_accepted_with_a_warning() -> None:
    shop = Shop()

    answer = (await shop.send(b"[" + event() + b"," + event(id=None, time=None) + b"]")).json()

    assert answer["accepted"] == 2
    assert [(warning["index"], warning["code"]) for warning in answer["warnings"]] == [(1, "no_id")]


async def test_a_refused_event_is_kept_with_its_bytes_and_the_others_go_on() -> None:
    shop = Shop()
    bad = [
        event(person=5),
        b'{"person":"p","event":"e","properties":{"a":NaN}}',
        b'{"person":"\xff"}',
        b'{"a":1,"a":1}',
        b"7",
    ]
    good = [event(id="a"), event(id="b")]

    answer = await shop.send(b"[" + b" , ".join([good[0], *bad, good[1]]) + b"]")

    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2
    expected = ["bad_type", "bad_number", "bad_json", "duplicate_key", "not_an_object"]
    assert list(codes_of(answer.json())) == list(enumerate(expected, 1))
    assert all(refusal["message"] for refusal in answer.json()["refused"])
    assert [(letter.code, letter.value) for letter in shop.ledger.letters] == list(zip(expected, bad, strict=True))
    assert {(letter.offset, letter.time) for letter in shop.ledger.letters} == {(None, NOW)}
    assert [each.id for each in await shop.events()] == ["a", "b"]
    assert shop.counted == [(2, expected)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b"[", 400, "bad_json"),
        (b"[1}]", 400, "bad_json"),
        (b'["]', 400, "bad_json"),
        (b"[] []", 400, "bad_json"),
        (b"hello", 400, "bad_json"),
        (b"\xff\xfe[\x00]\x00", 400, "bad_json"),
        (b"NaN", 400, "bad_number"),
        (b"17850", 400, "not_an_object"),
        (b'"text"', 400, "not_an_object"),
        (b"null", 400, "not_an_object"),
        (b"[" * 100_000 + b"]" * 99_999, 400, "bad_json"),
        (b"[" + b"{" * 400_000, 400, "bad_json"),
        (b'["' + b'\\"' * 200_000, 400, "bad_json"),
        (b"[" + b",".join([b"{}"] * (MAX_EVENTS + 1)) + b"]", 413, "too_many"),
        (b"[" + b",".join([b"NaN"] * (MAX_EVENTS + 1)) + b"]", 413, "too_many"),
        (b" " * (MAX_BODY + 1), 413, "body_too_large"),
        (gzip.compress(b" " * 50_000_000, mtime=0), 413, "body_too_large"),
        (gzip.compress(event(), mtime=0)[:-5], 400, "bad_gzip"),
        (gzip.compress(event(), mtime=0) + b"x", 400, "bad_gzip"),
        (gzip.compress(event(), mtime=0) * 2, 400, "bad_gzip"),
        (b"\x1f\x8b", 400, "bad_gzip"),
        (b"\x1f\x8bnonsense", 400, "bad_gzip"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else str(value),
)
async def test_a_body_that_holds_no_events_is_answered_with_a_code_and_stores_nothing(
    body: bytes, status: int, code: str
) -> None:
    shop = Shop()

    answer = await shop.send(body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    assert (await shop.records(), shop.ledger.letters, shop.counted) == ([], [], [])


async def test_one_unusable_object_is_refused_as_an_event_and_kept() -> None:
    shop = Shop()
    bodies = [
        event(person=5),
        b'{"a":1,"a":1}',
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        event(properties={"a": "x" * 70_000}),
    ]

    for body in bodies:
        answer = await shop.send(body)
        assert (answer.status_code, answer.json()["accepted"], len(answer.json()["refused"])) == (200, 0, 1)

    assert [letter.code for letter in shop.ledger.letters] == ["bad_type", "duplicate_key", "too_large", "too_large"]
    assert [letter.value for letter in shop.ledger.letters] == bodies


async def test_a_thousand_events_are_taken_at_once() -> None:
    body = b"[" + b",".join(b'{"person":"p","event":"e"}' for _ in range(MAX_EVENTS)) + b"]"

    assert (await Shop().send(body)).json()["accepted"] == MAX_EVENTS


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}, {"Content-Type": "text/plain"}])
async def test_gzip_is_known_by_its_first_bytes_whatever_the_headers_say(headers: dict[str, str]) -> None:
    assert (await Shop().send(gzip.compress(event()), **headers)).json()["accepted"] == 1


@pytest.mark.parametrize(
    "shown",
    [None, "", "geheim", "Basic geheim", "Bearer", "Bearer ", "Bearer Geheim", "Bearer geheim2", "Bearer geheïm"],
)
async def test_with_a_token_nobody_else_may_send(shown: str | None) -> None:
    shop = Shop(token="geheim")
    headers = {} if shown is None else {"Authorization": shown}

    answer = await shop.send(event(), **headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await shop.records() == []


@pytest.mark.parametrize("token", ["geheim", "geheïm", "密码"])
async def test_with_the_token_events_are_taken(token: str) -> None:
    shop = Shop(token=token)

    assert (await shop.send(event(), Authorization=f"bearer  {token}")).status_code == 200
    assert (await shop.ask("GET", "/healthz")).status_code == 200


async def test_while_the_log_is_away_the_sender_is_asked_to_come_again() -> None:
    shop = Shop()
    shop.log.is_away = True

    answer = await shop.send(event())

    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert "disk of the log is full" in answer.json()["message"]
    assert int(answer.headers["retry-after"]) > 0
    shop.log.is_away = False
    assert (await shop.send(event())).status_code == 200
    assert len(await shop.records()) == 1


async def test_while_the_ledger_is_away_no_refusal_is_lost_and_no_event_is_stored_twice() -> None:
    shop = Shop()
    shop.ledger.is_away = True
    mixed = b"[" + event() + b"," + event(person=5) + b"]"

    assert (await shop.send(mixed)).status_code == 503
    assert (await shop.send(event(id="2"))).status_code == 200
    shop.ledger.is_away = False
    assert (await shop.send(mixed)).status_code == 200

    assert sorted(each.id for each in await shop.events()) == ["1", "2"]
    assert len(shop.ledger.letters) == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/events", 405, "method_not_allowed"),
        ("PUT", "/v1/events", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("POST", "/v1/events/", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("POST", "/v1/%00%ff%2e%2e/", 404, "not_found"),
    ],
)
async def test_other_addresses_and_methods_are_answered_in_json(method: str, path: str, status: int, code: str) -> None:
    answer = await Shop().ask(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "/v1/events" in answer.json()["message"]


async def test_health_readiness_and_metrics_are_told() -> None:
    shop = Shop()

    assert (await shop.ask("GET", "/healthz")).json() == {"alive": True}
    ready = await shop.ask("GET", "/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "away": {}})
    metrics = await shop.ask("GET", "/metrics")
    assert metrics.content == b"touchline_batches_total 1.0\n"
    assert metrics.headers["content-type"].startswith("text/plain; version=")


async def test_readiness_names_the_store_that_is_away_and_the_process_still_lives() -> None:
    shop = Shop()
    shop.ledger.is_away = True

    ready = await shop.ask("GET", "/readyz")

    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert ready.json()["away"] == {"ledger": "the ledger is locked by another process; stop it"}
    assert (await shop.ask("GET", "/healthz")).status_code == 200
    shop.log.is_away = True
    assert set((await shop.ask("GET", "/readyz")).json()["away"]) == {"log", "ledger"}


# ------------------------------------------------------------------------------- whatever is sent


@pytest.mark.parametrize("field", FIELDS)
async def test_a_nasty_value_in_any_field_is_accepted_or_refused_and_harms_nobody(field: str) -> None:
    shop = Shop()
    sent = unreadable = 0
    for text in nasty_events(field):
        answer = await shop.send(text)
        sent += 1
        unreadable += answer.status_code == 400
        assert answer.status_code in {200, 400}, text
        if answer.status_code == 400:
            assert answer.json()["code"] == "bad_json", text
        else:
            assert answer.json()["accepted"] + len(answer.json()["refused"]) == 1, text

    events = await shop.events()
    assert len(events) + len(shop.ledger.letters) + unreadable == sent == len(NASTY)
    assert [record.key for record in await shop.records()] == [each.person for each in events]
    if field not in {"person", "anonymous"}:
        assert {each.person for each in events} <= {"17850"}


fields = st.sampled_from(["id", "person", "anonymous", "event", "time", "properties", "source", "extra"])
texts = st.text(max_size=12) | st.sampled_from(
    ["17850", "order.paid", "2026-05-01T10:00:00Z", "\0", "\ud800", "a\nb", "x" * 130]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
changed_events = st.builds(lambda changes, gone: {k: v for k, v in (EVENT | changes).items() if k not in gone},
                           st.dictionaries(fields, values, max_size=3), st.sets(fields, max_size=2))  # fmt: skip


@settings(max_examples=250)
@given(st.lists(changed_events | values, min_size=4, max_size=12))
def test_what_is_sent_in_a_list_is_accepted_or_refused_one_by_one(sent: list[Any]) -> None:
    async def run() -> None:
        shop = Shop()
        answer = await shop.send(json.dumps(sent).encode())
        told, records = answer.json(), await shop.records()
        refused = dict(codes_of(told))

        assert answer.status_code == 200
        assert told["accepted"] + len(refused) == len(sent)
        assert (len(records), len(shop.ledger.letters)) == (told["accepted"], len(refused))
        assert all(refused.values())
        accepted = [each for index, each in enumerate(sent) if index not in refused]
        people = [each.get("person") or f"anonymous:{each['anonymous']}" for each in accepted]
        assert sorted(record.key for record in records) == sorted(people)

    asyncio.run(run())


pieces = st.binary(max_size=6) | st.sampled_from(
    [*(v for v in NASTY if len(v) < 50), b'"', b"\\", b"{", b"}", b"[", b"]", b","]
)


@st.composite
def mutated_texts(draw: st.DrawFn) -> bytes:
    text = event()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + draw(pieces) + text[end:]
    return text


@settings(max_examples=1_000)
@given(mutated_texts())
def test_a_mutated_event_never_changes_its_neighbours(mutated: bytes) -> None:
    async def run() -> None:
        shop = Shop()
        answer = await shop.send(b"[" + GOOD["good-1"] + b"," + mutated + b"," + GOOD["good-2"] + b"]")
        records = await shop.records()

        if answer.status_code == 200:
            told = answer.json()
            assert (told["accepted"], len(told["refused"])) == (len(records), len(shop.ledger.letters))
            assert "good-1" in {record.key for record in records}
        else:
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")
            assert (records, shop.ledger.letters) == ([], [])
        for record in records:
            assert record.value == STORED.get(record.key, record.value)
            kept = decode(record.value)
            assert getattr(kept, "person", None) == record.key

    asyncio.run(run())


@settings(max_examples=300)
@given(
    st.binary(max_size=200)
    | mutated_texts()
    | st.binary(max_size=50).map(gzip.compress)
    | st.binary(max_size=50).map(b"\x1f\x8b".__add__)
)
def test_any_body_at_all_gets_an_answer(body: bytes) -> None:
    async def run() -> None:
        shop = Shop()
        answer = await shop.send(body)

        assert answer.status_code in {200, 400}
        if answer.status_code == 400:
            assert answer.json()["code"]
        else:
            told = answer.json()
            assert (told["accepted"], len(told["refused"])) == (len(await shop.records()), len(shop.ledger.letters))

    asyncio.run(run())
