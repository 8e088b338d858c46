"""A shop on Kafka, Valkey and PostgreSQL: processes that fold and send while others stop them, and what must come of it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from campaigns.coupons import code_of
from stores.connect import connect_ledger, connect_log, connect_state
from tests.fakes.receiver import SECRET, Receiver
from tests.helpers.installation import Installation
from tests.helpers.kafka_shop import Feeder, found, tick, undisturbed
from tests.helpers.stores import kafka_url
from tests.helpers.waiting import wait_until_answer, wait_until_async
from tests.servers.postgres import ledger_url
from tests.servers.valkey import state_url
from workers.clock import elapsed, now_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from stores.ports import Ledger, Log, State

__all__ = ["SHOP", "ServerShop", "moment", "shop_on_servers"]

_PARTITIONS = 4
_SESSION, _LEASE = "6s", "8s"
"""A call to a provider ends two seconds before its lease: this machine may be so slow that one takes a second."""
_ALL = 10_000_000
SHOP = {
    "shop.yaml": """
workspace: {name: crash, zone: Europe/London, currency: GBP}
events:
  cart.added: {properties: {cart_total: {type: money}}}
  order.paid: {properties: {amount: {type: money, min: 0}}}
segments:
  vip: {when: 'sum("order.paid", "amount", "365d") >= 300'}
  here: {when: 'last("*") > now - duration("1s")'}
rules:
  cart:
    event: cart.added
    when: event.cart_total >= 50
    wait: {for: 700ms, unless: [order.paid]}
    then:
      - issue_coupon: {pool: cart, as: coupon}
      - send: {template: cart, channels: [webhook]}
  vip: {enters: vip, limit: once, then: [{tag: vip}, {send: {template: vip, channels: [webhook]}}]}
  gone: {leaves: here, then: [{send: {template: gone, channels: [webhook]}}]}
  thanks:
    event: order.paid
    when: event.amount >= 90
    limit: {max: {count: 3, within: 1h}}
    then: [{send: {template: thanks, channels: [webhook]}}]
coupon_pools:
  cart: {benefit: {amount_off: 10 GBP}, stock: 100000, valid_for: 14d, budget: 1000000 GBP, code: {prefix: CRT}}
templates:
  cart: {purpose: transactional, channels: {webhook: {en: "Your cart of {{ event.cart_total }}: {{ coupon.code }}"}}}
  vip: {purpose: transactional, channels: {webhook: {en: "Welcome to the circle"}}}
  gone: {purpose: transactional, channels: {webhook: {en: "Where are you?"}}}
  thanks: {purpose: transactional, channels: {webhook: {en: "Thanks for {{ event.amount }}"}}}
""",
}


class ServerShop:
    """`faults`: what was done to the processes, each while the one that it befell was at work."""

    def __init__(
        self, here: Installation, log: Log, state: State, ledger: Ledger, receiver: Receiver, feeder: Feeder
    ) -> None:
        self.here, self.log, self.state, self.ledger = here, log, state, ledger
        self.receiver, self.feeder = receiver, feeder
        self.faults: list[str] = []

    # -- looking
    async def _positions(self) -> list[int]:
        stored = [await self.state.position(partition) for partition in range(_PARTITIONS)]
        return [0 if each is None else each[0].offset for each in stored]

    def _share(self, name: str) -> int:
        """How many partitions a worker was given last, since it was started."""
        text = (self.here.folder / f"{name}.log").read_text("utf-8").rpartition(_BEGUN.format(name=name))[2]
        told = [json.loads(line) for line in text.splitlines() if "partitions_assigned" in line]
        return told[-1]["count"] if told else 0

    async def at_work(self, name: str) -> None:
        """Wait until a process has got on: a dispatcher is alone; a worker has a share when all partitions get on."""
        sent, before = self._taken(), await self._positions()

        async def gets_on() -> bool:
            assert self.here.running[name].poll() is None, self.said()
            if name == "dispatch":
                return self._taken() > sent
            pairs = zip(await self._positions(), before, strict=True)
            return self._share(name) > 0 and all(now > then for now, then in pairs)

        try:
            await wait_until_answer(gets_on, 90, f"{name} to get on")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.said()}") from None

    def _taken(self) -> int:
        return len(self.receiver.seen) + self.receiver.repeats

    def said(self) -> str:
        """The last lines of every process."""
        return "\n".join(path.read_text("utf-8")[-1_000:] for path in sorted(self.here.folder.glob("*.log")))

    # -- doing
    def start(self, name: str) -> None:
        """Start `dispatch` or a worker of any other name."""
        with (self.here.folder / f"{name}.log").open("a", encoding="utf-8") as log:
            log.write(_BEGUN.format(name=name))
        self.here.start(name, "dispatch" if name == "dispatch" else "worker")

    async def kill(self, name: str, after: float) -> None:
        """Kill a process that is at work, so many seconds later, and start it again."""
        await self.at_work(name)
        await moment(after)
        self.here.kill(name)
        self._note("kill", name)
        self.start(name)

    async def stop(self, name: str) -> float:
        """Have a process end in order; the seconds that it took."""
        began = time.monotonic()
        code = await asyncio.to_thread(self.here.stop, name)
        assert code == 0, self.said()
        self._note("stop", name)
        return time.monotonic() - began

    def _note(self, what: str, name: str) -> None:
        self.faults.append(name)
        sys.stdout.write(f"{elapsed():.1f} {what} {name}\n")  # shown if the run fails

    async def settle(self) -> None:
        """Time passes beyond every wait, everything is folded and carried out, and the processes end."""
        self.feeder.done.set()
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            await tick(self.log)
            await moment(0.2)
        ends = [(await self.log.ends(partition))[1] for partition in range(_PARTITIONS)]

        async def is_done() -> bool:
            if await self._positions() != ends:  # rows are written before positions, so they are looked at after them
                return False
            rows = {row["status"] for row in await self.ledger.fetch("outbox_by_state") if row["number"]}
            return not rows & {"pending", "leased"}

        await wait_until_answer(is_done, 120, "everything to be done")
        for name in list(self.here.running):
            assert await self.stop(name) < 10
        assert "Traceback" not in self.said()

    # -- comparing
    async def compare(self) -> None:
        """Hold decisions, profiles, coupons and messages against a fold of the same log without any fault."""
        wanted = await undisturbed(self.log, self.ledger, self.here.folder)
        assert await found(self.state, self.ledger, _PARTITIONS) == wanted
        rows = await self.ledger.page("outbox", None, _ALL)
        await self._check_coupons([row for row in rows if row["kind"] == "issue_coupon"])
        self._check_messages([row for row in rows if row["kind"] == "send"])

    async def _check_coupons(self, rows: list[dict[str, Any]]) -> None:
        """One coupon for each decision that no order took back in time, with the code that belongs to it."""
        key = bytes.fromhex(await self.ledger.get_meta("coupon_key") or "")
        issued = await self.ledger.page("coupon", None, _ALL)
        done = _by_status(rows, "done")
        assert {coupon["decision_id"]: coupon["code"] for coupon in issued} == {
            decision: code_of(key, decision, 0, "CRT") for decision in done
        }
        assert len(issued) == len(done) > 20

    def _check_messages(self, rows: list[dict[str, Any]]) -> None:
        """The receiver has each one once, and no other."""
        sent = _by_status(rows, "sent")
        assert sent == set(self.receiver.seen)
        assert len(sent) > len(rows) // 2 > 50
        shown = [message["data"]["body"].split(": ")[1] for message in self._messages("cart")]
        assert len(set(shown)) == len(shown) > 20

    def _messages(self, template: str) -> list[Mapping[str, Any]]:
        return [message for message in self.receiver.seen.values() if message["data"]["template"] == template]


_BEGUN = "-- {name} begins\n"


def _by_status(rows: list[dict[str, Any]], wanted: str) -> set[str]:
    """Those in the status that is wanted; all others were withdrawn."""
    others = [row for row in rows if row["status"] not in {wanted, "withdrawn"}]
    assert others == []
    return {row["decision_id"] for row in rows if row["status"] == wanted}


async def moment(seconds: float) -> None:
    """Let so much time pass."""
    end = time.monotonic() + seconds
    await wait_until_async(lambda: time.monotonic() >= end, seconds + 5, "a moment to pass")


@asynccontextmanager
async def shop_on_servers(folder: Path, seed: int, receiver: Receiver | None = None) -> AsyncIterator[ServerShop]:
    """A shop whose playbook is active and in which things happen; nothing runs yet. Leaves nothing running."""
    receiver = receiver or Receiver()
    async with AsyncExitStack() as opened:
        server = await opened.enter_async_context(receiver.serve())
        urls = {"LOG": kafka_url(folder, f"?partitions={_PARTITIONS}"), "STATE": state_url(folder)}
        urls |= {"LEDGER": ledger_url(folder)}
        here = Installation(folder, SHOP, urls | {"KAFKA_SESSION": _SESSION, "LEASE": _LEASE})
        opened.callback(here.close)
        here.serve_channel("webhook", adapter="webhook", url=server.url, secret=SECRET, private=True)
        activated = await asyncio.to_thread(here.run, "activate", str(here.write_playbook()))
        assert activated.returncode == 0, activated.stderr
        log = await connect_log(urls["LOG"], clock=now_ms, new_id=lambda: "never")
        opened.push_async_callback(log.close)
        state = await connect_state(urls["STATE"])
        opened.push_async_callback(state.close)
        ledger = await connect_ledger(urls["LEDGER"])
        opened.push_async_callback(ledger.close)
        feeder = Feeder(log, seed, at_once=6, pause=0.1)
        feeding = asyncio.create_task(feeder.run())
        opened.callback(feeding.cancel)
        yield ServerShop(here, log, state, ledger, receiver, feeder)
