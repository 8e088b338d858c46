"""What a state on Redis or Valkey does when its server restarts, refuses, hangs or loses something."""

from __future__ import annotations

import re
import signal
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import redis

from schemas.errors import Moved, SettingsError, StoreUnavailable
from stores.connect import connect_state
from stores.ports import Position, Saved
from stores.redis_errors import sentences
from stores.redis_scripts import WRITE
from stores.redis_state import RedisState
from stores.redis_url import address_of, client_of
from tests.fakes.wire import saying, wire
from tests.helpers.source import ROOT
from tests.servers.valkey import Valkey, own_valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from stores.ports import State

START = Position(0)
ADA = {"ada": Saved(b"profile", 5)}


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """One for this module, whose settings each test puts back."""
    with own_valkey("--unixsocket", "socket") as server:
        yield server


@pytest.fixture
async def state(server: Valkey) -> AsyncIterator[State]:
    server.ask("FLUSHALL")
    async with opened(server.url) as state:
        await state.begin(0, "log", START)
        yield state


def test_a_certificate_of_a_stranger_is_told_apart() -> None:
    with pytest.raises(StoreUnavailable, match="its certificate is not trusted"), sentences("here"):
        raise redis.exceptions.ConnectionError("Error 1 connecting to h:1. [SSL: CERTIFICATE_VERIFY_FAILED] unknown.")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[State]:
    state = await connect_state(url)
    yield state
    await state.close()


def impatient(url: str) -> RedisState:
    """A state that was not looked at when it was opened, and waits for a fifth of a second."""
    address = replace(address_of(url), answer_seconds=0.2)
    return RedisState(client_of(address), address.name, address.prefix)


def key(name: str) -> str:
    return f"tl:touchline:{{p0}}:{name}"


async def test_a_server_that_forgot_the_scripts_is_told_them_again(server: Valkey, state: State) -> None:
    await state.write(0, START, Position(1), ADA)
    server.ask("SCRIPT FLUSH")

    assert await state.read(0, Position(1), ["ada"]) == ADA
    await state.write(0, Position(1), Position(2), {})
    assert await state.scan(0, Position(2), "", 9) == list(ADA.items())


async def test_a_server_that_was_restarted_is_used_again(server: Valkey, state: State) -> None:
    await state.write(0, START, Position(1), ADA)
    server.ask("SAVE")

    server.kill()
    with pytest.raises(StoreUnavailable, match="it cannot be reached") as away:
        await state.read(0, Position(1), ["ada"])
    server.start()

    assert await state.read(0, Position(1), ["ada"]) == ADA
    assert "the work goes on when it answers again" in away.value.hint


async def test_a_server_that_hangs_is_given_up_and_asked_again(server: Valkey, state: State) -> None:
    await state.write(0, START, Position(1), ADA)
    hasty = impatient(server.url)

    server.send(signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable, match="it does not answer in time"):
            await hasty.read(0, Position(1), ["ada"])
    finally:
        server.send(signal.SIGCONT)

    assert await hasty.read(0, Position(1), []) == {}  # not the late answer to the question before
    assert await hasty.read(0, Position(1), ["ada"]) == ADA
    await hasty.close()


async def test_a_write_whose_answer_was_lost_is_done_once_and_its_owner_finds_out(server: Valkey, state: State) -> None:
    async with wire(server.port) as way, opened(f"redis://127.0.0.1:{way.port}") as mine:
        await mine.read(0, START, [])
        way.lose_after = WRITE.sha.encode()

        with pytest.raises(StoreUnavailable):
            await mine.write(0, START, Position(1), ADA)
        with pytest.raises(Moved, match="is at record 1, chunk 0, not at record 0"):
            await mine.write(0, START, Position(1), ADA)

    assert (await state.position(0), await state.people(0)) == ((Position(1), "log"), list(ADA.items()))


@pytest.mark.parametrize(
    ("change", "back", "what"),
    [
        (("maxmemory", "1"), ("maxmemory", "0"), "its memory is full"),
        (("min-replicas-to-write", "1"), ("min-replicas-to-write", "0"), "it has fewer replicas than it wants"),
    ],
)
async def test_a_server_that_takes_no_writes_says_why_and_writes_nothing(
    server: Valkey, state: State, change: tuple[str, str], back: tuple[str, str], what: str
) -> None:
    server.ask("CONFIG SET", *change)
    try:
        with pytest.raises(StoreUnavailable, match=f"the state at redis://127.0.0.1:.* cannot be used: {what}"):
            await state.write(0, START, Position(1), ADA)
    finally:
        server.ask("CONFIG SET", *back)

    assert (await state.position(0), await state.people(0)) == ((START, "log"), [])
    await state.write(0, START, Position(1), ADA)


async def test_a_replica_says_that_it_is_one(server: Valkey, state: State) -> None:
    server.ask("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(StoreUnavailable, match="it is a replica, which takes no writes"):
            await state.write(0, START, Position(1), ADA)
    finally:
        server.ask("REPLICAOF", "NO", "ONE")


async def test_a_wrong_password_is_told_apart_and_not_shown(server: Valkey, state: State) -> None:
    server.ask("ACL SETUSER", "shop", "on", ">right", "~tl:*", "+@all")

    with pytest.raises(StoreUnavailable, match="does not know this user and password") as refusal:
        await connect_state(f"redis://shop:wrong@127.0.0.1:{server.port}")
    async with opened(f"redis://shop:right@127.0.0.1:{server.port}") as mine:
        await mine.write(0, START, Position(1), ADA)

    assert "wrong" not in str(refusal.value)
    assert await state.people(0) == list(ADA.items())


async def test_the_commands_of_the_documents_are_all_that_it_needs(server: Valkey, state: State) -> None:
    text = (
        (ROOT / "docs/operating.md").read_text("utf-8").split("The user of the server needs ")[1].split("too, and")[0]
    )
    allowed = [f"+{name.lower()}" for name in re.findall(r"`([A-Z]+)`", text)]
    server.ask("ACL SETUSER", "least", "reset", "on", ">key", "~tl:touchline:*", *allowed)

    async with opened(f"redis://least:key@127.0.0.1:{server.port}") as mine:
        await mine.write(0, START, Position(1), ADA | {"bob": Saved(b"", None)})
        assert await mine.read(0, Position(1), ["ada"], 9, 9) == ADA
        assert await mine.scan(0, Position(1), "ada", 9) == [("bob", Saved(b"", None))]
        assert await mine.person(0, "ada") == ADA["ada"]
        await mine.begin(1, "log", START)

    assert await state.position(1) == (START, "log")


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (b"-LOADING Valkey is loading the dataset in memory", "it still reads its file"),
        (b"-MISCONF Errors writing to the AOF file: No space left on device", "it cannot write its file to the disk"),
        (b"-BUSY Valkey is busy running a script.", "somebody's script keeps it busy"),
        (b"-MASTERDOWN Link with MASTER is down", "it is a replica that has lost its primary"),
        (b"-CLUSTERDOWN Hash slot not served", "its cluster is not whole"),
        (b"-TRYAGAIN Multiple keys request during rehashing of slot", "its cluster moves these keys"),
        (b"-ASK 1 127.0.0.1:7000", "its cluster moves these keys"),
        (b"-MOVED 1 127.0.0.1:7000", "its cluster has changed"),
        (b"-NOAUTH Authentication required.", "it wants a password"),
        (b"-NOPERM this user has no permissions", "this user may not do that"),
        (b"-ERR Error running script (call to f_1): @user_script:3: -OOM command not allowed", "its memory is full"),
        (b"-ERR max number of clients reached", "it cannot be reached"),
    ],
)
async def test_each_refusal_of_a_server_is_a_sentence_with_what_to_do(answer: bytes, what: str) -> None:
    async with saying(answer + b"\r\n") as port:
        state = impatient(f"redis://127.0.0.1:{port}")

        with pytest.raises(StoreUnavailable) as refusal:
            await state.read(0, START, [])
        await state.close()

    assert refusal.value.message.startswith(f"the state at redis://127.0.0.1:{port} cannot be used: {what}")
    assert refusal.value.hint


@pytest.mark.parametrize("url", ["redis://{}", "redis+cluster://{}", "redis+sentinel://{}/shop", "unix:///not/there"])
async def test_a_start_without_a_server_is_one_sentence(url: str) -> None:
    url = url.format("127.0.0.1:1")

    with pytest.raises(StoreUnavailable, match=r"cannot be used: (it cannot be reached|its cluster)") as refusal:
        await connect_state(url)

    assert refusal.value.message.startswith(f"the state at {url}")


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
async def test_a_server_that_throws_profiles_away_is_refused(server: Valkey, policy: str) -> None:
    server.ask("CONFIG SET", "maxmemory-policy", policy)
    try:
        with pytest.raises(
            SettingsError, match=f"would throw profiles away: its maxmemory-policy is {policy}"
        ) as refusal:
            await connect_state(server.url)
    finally:
        server.ask("CONFIG SET", "maxmemory-policy", "noeviction")

    assert "noeviction" in refusal.value.hint


async def test_a_server_that_throws_away_only_what_expires_is_taken(server: Valkey) -> None:
    server.ask("CONFIG SET", "maxmemory-policy", "volatile-lru")
    try:
        async with opened(server.url) as state:
            assert await state.position(9) is None
    finally:
        server.ask("CONFIG SET", "maxmemory-policy", "noeviction")


@pytest.mark.parametrize("lost", ["off", "u", "ids", "timers"])
async def test_a_state_of_which_a_key_is_gone_counts_as_lost_and_begins_anew(
    server: Valkey, state: State, lost: str
) -> None:
    await state.write(0, START, Position(5), ADA)
    server.ask("DEL", key(lost))

    with pytest.raises(Moved, match="partition 0 has no position, not at record 5"):
        await state.read(0, Position(5), ["ada"])
    assert await state.position(0) is None
    await state.begin(0, "log", START)

    assert (await state.position(0), await state.people(0)) == ((START, "log"), [])
    assert server.ask("KEYS", "*") == [key("off").encode()]


async def test_keys_of_another_program_are_not_touched(server: Valkey, state: State) -> None:
    server.ask("DEL", key("timers"))
    server.ask("SET", key("timers"), "another's")

    with pytest.raises(StoreUnavailable, match="another program uses the same keys"):
        await state.write(0, START, Position(1), ADA)

    assert (server.ask("GET", key("timers")), server.ask("EXISTS", key("u"))) == (b"another's", 0)


async def test_prefixes_and_databases_hold_states_of_their_own(server: Valkey) -> None:
    server.ask("FLUSHALL")
    urls = [server.url, f"{server.url}/1", f"{server.url}?prefix=a", f"{server.url}?prefix=b"]
    for number, url in enumerate(urls):
        async with opened(url) as each:
            await each.begin(0, "log", START)
            await each.write(0, START, Position(number + 1), {f"p{number}": Saved(b"", None)})

    for number, url in enumerate(urls):
        async with opened(url) as each:
            assert (await each.position(0), [p for p, _ in await each.people(0)]) == (
                (Position(number + 1), "log"),
                [f"p{number}"],
            )


async def test_a_server_may_be_on_a_socket_of_this_machine(server: Valkey, state: State) -> None:
    async with opened(f"unix://{server.folder}/socket") as other:
        await other.write(0, START, Position(1), ADA)

    assert await state.people(0) == list(ADA.items())


async def test_many_more_than_fit_into_one_command_are_written_and_read_at_once(state: State) -> None:
    everybody = {f"p{n:05d}": Saved(b"%d" % n, n if n % 3 else None) for n in range(20_000)}

    await state.write(0, START, Position(1), everybody)

    assert await state.people(0) == list(everybody.items())
    assert await state.read(0, Position(1), everybody) == everybody
    assert len(await state.read(0, Position(1), [], 99_999, 20_000)) == sum(
        s.due is not None for s in everybody.values()
    )
    assert await state.scan(0, Position(1), "p00009", 15_000) == list(everybody.items())[10:15_010]
    await state.write(0, Position(1), Position(2), {person: Saved(b"", None) for person in everybody})
    assert await state.read(0, Position(2), [], 99_999, 20_000) == {}
