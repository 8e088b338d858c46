"""The one HTTP client: a time limit for the whole, small replies, no redirects, and no way into the own network.

Each request has a connection of its own. A connection that is kept may be closed by the other side just as it is used
again, and then nobody knows whether the request arrived.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from messaging.egress import is_public, target_of
from messaging.ports import Answer, HttpReply, HttpRequest
from schemas.errors import TouchlineError

if TYPE_CHECKING:
    import httpx

__all__ = ["MAX_REPLY", "Blocked", "HttpClient", "NoReply", "NotSent", "Resolver", "Untrusted", "exchange", "resolve"]

_log = logging.getLogger(__name__)

MAX_REPLY = 65_536
"""Bytes of a reply that are read; the rest is left."""

_OTHER_NAME = ("certificate_name", "is for another name")
_OTHER_TIME = ("certificate_expired", "is not valid today")
_REFUSALS = {9: _OTHER_TIME, 10: _OTHER_TIME, 62: _OTHER_NAME, 64: _OTHER_NAME}
"""Reasons of OpenSSL (X509_V_ERR_…): before its time, after it, another host, another address."""

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) → its IP addresses. Raises `OSError`."""


class NotSent(TouchlineError):
    """The request did not reach anybody: no address, no connection, or the time was over before it was made."""

    code = "unreachable"


class NoReply(TouchlineError):
    """The request went out, at least in part, and no reply came: it may have been carried out."""

    code = "no_reply"


class Untrusted(NotSent):
    """The service did not show that it is the one that the URL names, so nothing was sent to it."""

    code = "certificate_untrusted"


class Blocked(TouchlineError):
    """The URL leads where requests may not go."""

    code = "blocked_url"


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HttpClient:
    """Sends requests. Each adapter that needs one makes its own and closes it.

    `tls`: whom to trust in place of the usual authorities. `is_allowed` judges the addresses of a name.
    """

    def __init__(
        self,
        resolver: Resolver = resolve,
        *,
        tls: ssl.SSLContext | None = None,
        is_allowed: Callable[[str], bool] = is_public,
    ) -> None:
        self._resolver, self._tls, self._is_allowed = resolver, tls, is_allowed
        self._client: httpx.AsyncClient | None = None

    async def send(self, request: HttpRequest, timeout: float) -> HttpReply:
        """The reply, within `timeout` seconds for everything. Raises `NotSent`, `Untrusted`, `NoReply`, `Blocked`."""
        import httpx

        progress = _Progress()
        try:
            async with asyncio.timeout(timeout):
                url, headers, extensions = await self._pinned(request)
                extensions["trace"] = progress.note
                return await self._exchange(request, url, headers, extensions)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # OSError: names, sockets, TimeoutError
            reason = type(error).__name__
            if progress.is_sent:
                raise NoReply(f"The request was sent and no reply came ({reason}).") from error
            refused = _refused_certificate(error)
            if refused is not None:
                raise _untrusted(urlsplit(request.url).hostname or "", refused) from error
            raise NotSent(f"There was no connection ({reason}).") from error

    async def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _pinned(self, request: HttpRequest) -> tuple[httpx.URL, dict[str, str], dict[str, Any]]:
        """The URL with an address that was judged for its name; the name stays in the Host header and in TLS."""
        import httpx

        if request.trusted:
            return httpx.URL(request.url), request.headers, {}
        target = target_of(request.url)
        if target is None:
            raise Blocked("The URL is not one that may be asked for; it has to be https:// and a public host.")
        addresses = await self._resolver(target.host, target.port)
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise Blocked("The URL's host is not in the public internet.")
        url = httpx.URL(request.url)
        headers = {**request.headers, "Host": url.netloc.decode("ascii")}
        return url.copy_with(host=addresses[0]), headers, {"sni_hostname": target.host}

    async def _exchange(
        self, request: HttpRequest, url: httpx.URL, headers: dict[str, str], extensions: dict[str, Any]
    ) -> HttpReply:
        headers = {"Accept-Encoding": "identity", "User-Agent": "touchline", **headers}
        async with self._opened().stream(
            request.method, url, headers=headers, content=request.body, extensions=extensions
        ) as reply:
            body = bytearray()
            async for chunk in reply.aiter_raw():
                body += chunk
                if len(body) >= MAX_REPLY:
                    break
            return HttpReply(reply.status_code, dict(reply.headers), bytes(body[:MAX_REPLY]))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(
                verify=True if self._tls is None else self._tls,
                follow_redirects=False,
                trust_env=False,
                timeout=None,  # noqa: S113 - one limit around everything, in send
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            )
        return self._client


def _refused_certificate(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The refusal of a certificate that an error comes of, if it does."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def _untrusted(host: str, refused: ssl.SSLCertVerificationError) -> Untrusted:
    code, what = _REFUSALS.get(refused.verify_code, ("certificate_untrusted", "is signed by nobody whom we trust"))
    return Untrusted(f"Nothing was sent to {host}: its certificate {what} ({refused.verify_message}).", code=code)


class _Progress:
    """Whether anything of a request may have left."""

    def __init__(self) -> None:
        self.is_sent = False

    async def note(self, name: str, _: Any) -> None:  # noqa: ANN401 - details of the event
        self.is_sent = self.is_sent or name.endswith("send_request_headers.started")


async def exchange(
    http: HttpClient, request: HttpRequest, timeout: float, parse: Callable[[HttpReply], Answer]
) -> Answer:
    """Send and read the reply with `parse`; what goes wrong on the way is an answer too."""
    try:
        reply = await http.send(request, timeout)
    except NotSent as error:
        if isinstance(error, Untrusted):  # it is tried again, and only somebody over there can mend it
            _log.error("%s", error.message)
        return Answer("retry", error.code)
    except NoReply as error:
        return Answer("unknown", error.code)
    except Blocked as error:
        return Answer("misconfigured", error.code)
    return parse(reply)
