"""What a URL of Redis or Valkey says, and what is refused."""

from __future__ import annotations

import pytest

from schemas.errors import SettingsError
from stores.connect import connect_state
from stores.redis_url import address_of, client_of


@pytest.mark.parametrize(
    ("url", "form", "hosts"),
    [
        ("redis://", "", []),
        ("redis://here", "", [("here", 6379)]),
        ("valkey://here:7000/3", "", [("here", 7000)]),
        ("rediss://user:p%40ss@here:7000", "", [("here", 7000)]),
        ("redis://[::1]:7000", "", [("::1", 7000)]),
        ("redis://[::1]", "", [("::1", 6379)]),
        ("unix:///run/valkey.sock", "unix", []),
        ("redis+cluster://a:1,b", "cluster", [("a", 1), ("b", 6379)]),
        ("valkeys+sentinel://a:1,b/shop", "sentinel", [("a", 1), ("b", 26379)]),
    ],
)
def test_a_url_says_where_the_servers_are(url: str, form: str, hosts: list[tuple[str, int]]) -> None:
    address = address_of(url)

    assert (address.form, address.hosts) == (form, hosts)


def test_a_url_says_who_comes_how_and_with_which_prefix() -> None:
    address = address_of(f"rediss://me:p%40ss%2F@here:7000/2?prefix=my-shop&ca={__file__}")

    assert address.user == {"username": "me", "password": "p@ss/"}
    assert (address.tls, address.prefix, address.options) == (True, "my-shop", {"ca": __file__})


def test_no_password_is_shown() -> None:
    address = address_of("redis+sentinel://me:secret@here/shop?sentinel_password=hidden")

    assert (address.name, "secret" in repr(address), "hidden" in repr(address)) == (
        "redis+sentinel://here/shop",
        False,
        False,
    )


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis+cloud://here", "no URL that begins with redis+cloud://"),
        ("redis://here:port", "'here:port' is no HOST:PORT"),
        ("redis://here:0", "'here:0' is no HOST:PORT"),
        ("redis://:7000", "':7000' is no HOST:PORT"),
        ("redis://[::1", "cannot be read: "),
        ("redis://a,b", "several hosts"),
        ("redis://here/shop", "the number of a database, not 'shop'"),
        ("redis+cluster://a,b/1", "hosts and nothing behind them"),
        ("redis+cluster://", "hosts and nothing behind them"),
        ("redis+sentinel://a,b", "ends with the name of its service"),
        ("redis+sentinel:///shop", "ends with the name of its service"),
        ("redis://here?prefx=a", "has no option 'prefx'; there are prefix"),
        ("redis://here?ca=/etc/ca.pem", "has no option 'ca'; there are prefix"),
        ("rediss://here?sentinel_password=a", "has no option 'sentinel_password'; there are ca, cert, key, prefix"),
        ("rediss://here?ca=/not/there.pem", "names /not/there.pem, which is no file"),
        ("redis://here?prefix=", "not ''"),
        ("redis://here?prefix={p0}", "not '{p0}'"),
        ("redis://here?prefix=a%0Ab", "without braces and spaces"),
        ("unix://", "the path of a socket"),
    ],
)
async def test_a_url_that_cannot_be_meant_is_refused_in_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        await connect_state(url)

    assert sentence in refusal.value.message


@pytest.mark.parametrize("url", ["redis://h", "rediss://h", "unix:///s", "redis+cluster://h", "redis+sentinel://h/s"])
async def test_every_form_makes_a_client_that_can_be_closed_unused(url: str) -> None:
    await client_of(address_of(url)).close()
