"""What is particular to each adapter: its requests byte by byte, and what each reply means."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from messaging.adapters import email, file, webhook, wecom_robot
from messaging.adapters.events import EventsAdapter
from messaging.adapters.memory import MemoryAdapter
from messaging.adapters.recorder import recorders
from messaging.ports import Answer, Content, HttpReply
from schemas.errors import SettingsError, StoreUnavailable
from schemas.records import Behaviour, decode
from tests.fakes.receiver import SECRET, Receiver
from tests.fakes.smtp import MailServer
from tests.fakes.wecom import KEY, Robot
from tests.helpers.messages import NOW, a_request, a_template

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path()

# ------------------------------------------------------------------ webhook

HOOK = webhook.WebhookOptions(url="https://example.com/hook", secret=SECRET)


def test_a_webhook_carries_the_decisions_id_and_a_signature_that_verifies() -> None:
    request = webhook.build(a_request(), HOOK)

    assert request.headers["webhook-id"] == a_request().key
    assert Webhook(SECRET).verify(request.body, request.headers)["data"]["body"] == "Hello Ann"
    assert not request.trusted


def test_a_webhooks_body_is_the_same_on_every_attempt_and_its_signature_fresh() -> None:
    first = webhook.build(a_request(attempt=1, at=NOW), HOOK)
    second = webhook.build(a_request(attempt=2, at=NOW + 60_000), HOOK)

    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert json.loads(first.body)["timestamp"] == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "sent"), (204, "sent"), (301, "misconfigured"), (302, "misconfigured"), (400, "rejected"),
        (401, "misconfigured"), (404, "misconfigured"), (408, "retry"), (409, "retry"), (410, "misconfigured"),
        (413, "rejected"), (422, "rejected"), (429, "retry"), (500, "retry"), (503, "retry"),
    ],
)  # fmt: skip
def test_a_webhooks_status_decides(status: int, outcome: str) -> None:
    assert webhook.parse(HttpReply(status, {}, b"")).outcome == outcome


@pytest.mark.parametrize(("text", "seconds"), [("30", 30.0), ("", None), ("soon", None), ("-1", None), ("9" * 9, None)])
def test_a_webhook_may_ask_for_a_pause(text: str, seconds: float | None) -> None:
    assert webhook.parse(HttpReply(503, {"retry-after": text}, b"")).retry_after == seconds


async def test_a_receiver_that_does_not_know_the_secret_stops_the_channel() -> None:
    async with Receiver().serve() as server:
        options = {"url": server.url, "secret": "d3Jvbmc=", "private": True}
        adapter = import_module("messaging.adapters.webhook").adapter(options, HERE)
        answer = await adapter.send(a_request(), 5)
        await adapter.close()

    assert answer == Answer("misconfigured", "http_401")


async def test_a_webhook_does_not_reach_the_own_network_unless_it_is_said() -> None:
    receiver = Receiver()
    async with receiver.serve() as server:
        options = {"url": server.url.replace("http", "https"), "secret": SECRET}
        adapter = webhook.adapter(options, HERE)
        answer = await adapter.send(a_request(), 5)
        await adapter.close()

    assert answer == Answer("misconfigured", "blocked_url")
    assert server.connections == 0


@pytest.mark.parametrize("secret", ["", "whsec_", "not base64!"])
def test_a_webhooks_secret_must_be_one(secret: str) -> None:
    with pytest.raises(SettingsError, match="openssl rand"):
        webhook.adapter({"url": "https://example.com", "secret": secret}, HERE)


# ------------------------------------------------------------------ WeCom robot

ROBOT = wecom_robot.WecomRobotOptions(url=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}")


def robot_reply(code: object) -> HttpReply:
    return HttpReply(200, {}, json.dumps({"errcode": code, "errmsg": "…"}).encode())


def test_a_robots_message_is_plain_text() -> None:
    request = wecom_robot.build(a_request(content=Content("<@all> [a](b) 您好")), ROBOT)

    assert json.loads(request.body) == {"msgtype": "text", "text": {"content": "<@all> [a](b) 您好"}}
    assert request == wecom_robot.build(a_request(content=Content("<@all> [a](b) 您好"), attempt=3), ROBOT)


@pytest.mark.parametrize(
    ("code", "attempt", "answer"),
    [
        (0, 1, Answer("sent")),
        (-1, 1, Answer("retry", "busy")),
        (-1, 3, Answer("retry", "busy")),
        (-1, 4, Answer("rejected", "busy")),
        (45_009, 1, Answer("retry", "errcode_45009", retry_after=60)),
        (93_000, 1, Answer("misconfigured", "errcode_93000")),
        (40_058, 1, Answer("rejected", "errcode_40058")),
        (True, 1, Answer("unknown", "unreadable_reply")),
        ("0", 1, Answer("unknown", "unreadable_reply")),
        (None, 1, Answer("unknown", "unreadable_reply")),
    ],
)
def test_a_robots_answer_is_its_code_and_not_its_status(code: object, attempt: int, answer: Answer) -> None:
    assert wecom_robot.parse(robot_reply(code), attempt) == answer


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"7", b'{"errcode":', b"\xff\xfe"])
def test_a_reply_that_cannot_be_read_leaves_it_unknown(body: bytes) -> None:
    assert wecom_robot.parse(HttpReply(200, {}, body), 1).outcome == "unknown"


@pytest.mark.parametrize(("status", "outcome"), [(429, "retry"), (500, "unknown"), (502, "unknown"), (302, "unknown")])
def test_a_robots_other_statuses(status: int, outcome: str) -> None:
    assert wecom_robot.parse(HttpReply(status, {}, b""), 1).outcome == outcome


async def test_the_twenty_first_message_of_a_minute_comes_back() -> None:
    robot = Robot()
    async with robot.serve() as server:
        adapter = wecom_robot.adapter({"url": f"{server.url}/cgi-bin/webhook/send?key={KEY}"}, HERE)
        answers = [await adapter.send(a_request(key=str(number)), 5) for number in range(21)]
        robot.next_minute()
        later = await adapter.send(a_request(key="20"), 5)
        await adapter.close()

    assert [answer.outcome for answer in answers] == ["sent"] * 20 + ["retry"]
    assert later.outcome == "sent"


async def test_a_removed_robot_is_a_matter_for_an_operator() -> None:
    async with Robot().serve() as server:
        adapter = wecom_robot.adapter({"url": f"{server.url}/cgi-bin/webhook/send?key=gone"}, HERE)
        answer = await adapter.send(a_request(), 5)
        await adapter.close()

    assert answer == Answer("misconfigured", "errcode_93000")


def test_a_robot_declares_its_limit_and_that_it_does_not_know_repeats() -> None:
    adapter = wecom_robot.adapter({"url": ROBOT.url, "on_doubt": "retry"}, HERE)

    capabilities = adapter.capabilities

    assert (capabilities.per_minute, capabilities.duplicates, capabilities.on_doubt) == (20, "none", "retry")
    assert wecom_robot.CAPABILITIES.on_doubt == "hold"


# ------------------------------------------------------------------ mail

MAIL: dict[str, Any] = {"host": "127.0.0.1", "tls": "none", "sender": "The shop <shop@example.com>"}


def test_a_mail_has_its_headers_and_is_the_same_on_every_attempt() -> None:
    options = email.EmailOptions(**MAIL, reply_to="help@example.com", unsubscribe="https://example.com/u")

    message = email.build(a_request(content=Content("您好", "Grüße")), options)

    assert message["Message-ID"] == "<0123456789abcdef0123456789abcdef@example.com>"
    assert message["To"] == "ann@example.com"
    assert message["Subject"] == "Grüße"
    assert message["Reply-To"] == "help@example.com"
    assert message["List-Unsubscribe"] == "<https://example.com/u>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.get_content() == "您好\r\n"
    again = email.build(a_request(content=Content("您好", "Grüße"), attempt=2, at=NOW + 1), options)
    assert message.as_bytes() == again.as_bytes()


@pytest.mark.parametrize(
    "address",
    ["", "ann", "ann@", "@example.com", "a@b@c", "ann@example.com\r\nBcc: all@example.com", "a@b.example, c@d.example",
     "Ann <ann@example.com>", "ann@exa mple.com", "änn@example.com", "ann@example.com\x00"],
)  # fmt: skip
async def test_what_is_no_address_is_refused_before_anything_is_sent(address: str) -> None:
    async with MailServer().serve() as server:
        adapter = email.adapter({**MAIL, "port": server.port}, HERE)
        answer = await adapter.send(a_request(address=address), 5)

    assert answer == Answer("rejected", "invalid_address")
    assert server.mails == []


@pytest.mark.parametrize(
    ("command", "reply", "answer"),
    [
        ("rcpt", "450 try later", Answer("retry", "smtp_450")),
        ("rcpt", "550 no such user", Answer("rejected", "smtp_550")),
        ("rcpt", "530 log in first", Answer("misconfigured", "smtp_530")),
        ("data", "452 full", Answer("retry", "smtp_452")),
        ("data", "554 spam", Answer("rejected", "smtp_554")),
        ("data", "cut", Answer("unknown", "no_reply")),
    ],
)
async def test_a_mail_servers_reply_decides(command: str, reply: str, answer: Answer) -> None:
    async with MailServer().serve() as server:
        getattr(server, command).append(reply)
        adapter = email.adapter({**MAIL, "port": server.port}, HERE)

        assert await adapter.send(a_request(), 5) == answer
        assert (await adapter.send(a_request(), 5)).outcome == "sent"


@pytest.mark.parametrize(
    "options",
    [
        {"sender": "nobody"},
        {"sender": "a@b.example, c@d.example"},
        {"sender": "a@b.example\nX: y"},
        {"reply_to": "x"},
        {"tls": "maybe"},
    ],
)
def test_a_mail_setting_that_cannot_work_is_refused_at_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        email.adapter({**MAIL, **options}, HERE)


# ------------------------------------------------------------------ file


async def test_a_file_knows_its_keys_again_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        assert (await file.adapter({}, tmp_path).send(a_request(), 5)).outcome == "sent"

    assert len((tmp_path / "messages.jsonl").read_text(encoding="utf-8").splitlines()) == 1


async def test_two_writers_of_one_file_know_each_others_keys(tmp_path: Path) -> None:
    one, other = file.adapter({}, tmp_path), file.adapter({}, tmp_path)

    for adapter in (one, other, one):
        await adapter.send(a_request(key="a"), 5)
    await other.send(a_request(key="b"), 5)
    await one.send(a_request(key="b"), 5)

    lines = [json.loads(line) for line in (tmp_path / "messages.jsonl").read_bytes().splitlines()]
    assert [line["id"] for line in lines] == ["a", "b"]


async def test_a_line_that_a_crash_cut_off_does_not_count(tmp_path: Path) -> None:
    whole = file.build(a_request(key="a"))
    (tmp_path / "messages.jsonl").write_bytes(whole + file.build(a_request(key="b"))[:40])

    await file.adapter({}, tmp_path).send(a_request(key="b"), 5)

    lines = (tmp_path / "messages.jsonl").read_bytes().split(b"\n")
    assert json.loads(lines[2])["id"] == "b"
    assert lines[3:] == [b""]


async def test_a_file_that_cannot_be_written_means_again_later(tmp_path: Path) -> None:
    (tmp_path / "messages.jsonl").mkdir()

    assert (await file.adapter({}, tmp_path).send(a_request(), 5)).outcome == "retry"


# ------------------------------------------------------------------ memory, recorder, events


async def test_memory_refuses_a_key_that_comes_with_another_text() -> None:
    adapter = MemoryAdapter()

    await adapter.send(a_request(), 5)
    answer = await adapter.send(a_request(content=Content("other")), 5)

    assert answer == Answer("rejected", "key_reused")
    assert adapter.repeats == 1


async def test_memory_gives_planned_answers_and_takes_what_is_unknown() -> None:
    adapter = MemoryAdapter()
    adapter.answers.extend([Answer("retry", "x"), Answer("unknown", "y")])

    outcomes = [(await adapter.send(a_request(), 5)).outcome for _ in range(3)]

    assert outcomes == ["retry", "unknown", "sent"]
    assert (len(adapter.sent), adapter.repeats) == (1, 1)


def test_recorders_stand_for_the_channels_of_the_templates() -> None:
    made = recorders([a_template(channels=("email", "sms")), a_template(channels=("wecom_group",))])

    assert sorted(made) == ["email", "log", "sms", "wecom_group"]
    assert {name: recorder.capabilities.needs_address for name, recorder in made.items()} == {
        "email": True,
        "sms": True,
        "log": False,
        "wecom_group": False,
    }
    assert made["email"].capabilities.max_bytes > made["sms"].capabilities.max_bytes


class Log:
    """Takes what is appended, and is away when told so."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.is_away = False

    async def append(self, items: Sequence[Any]) -> None:
        if self.is_away:
            raise StoreUnavailable("the log is away")
        self.items.extend(items)


async def test_an_emitted_event_is_appended_under_the_other_persons_key_with_the_decisions_id() -> None:
    log = Log()
    body = '{"event":"friend.joined","id":"ignored","person":"bob","properties":{"amount":9.90}}'

    answer = await EventsAdapter(log).send(a_request(key="d" * 32, content=Content(body)), 5)

    record = decode(log.items[0].value)
    assert answer.outcome == "sent"
    assert log.items[0].key == "bob"
    assert isinstance(record, Behaviour)
    assert (record.id, record.person, record.name, record.time) == ("d" * 32, "bob", "friend.joined", NOW)
    assert str(record.properties["amount"]) == "9.90"
    assert record.source == "touchline"


async def test_an_emitted_event_waits_for_the_log_and_is_refused_without_a_person() -> None:
    log = Log()
    log.is_away = True
    valid = '{"event":"x","person":"bob","properties":{}}'

    assert (await EventsAdapter(log).send(a_request(content=Content(valid)), 5)).outcome == "retry"
    nobody = await EventsAdapter(log).send(a_request(content=Content(valid.replace("bob", ""))), 5)
    assert nobody == Answer("rejected", "no_person")
