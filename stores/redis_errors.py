"""What errors of Redis or Valkey mean to an operator: one sentence each, and what to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from redis import exceptions as redis

from schemas.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["sentences"]

_WAITS = "nothing is lost: the work goes on when it answers again"
_CODES = {
    "OOM": ("its memory is full", "raise its maxmemory or give it more memory; nothing is lost meanwhile"),
    "MISCONF": ("it cannot write its file to the disk", "free its disk and read its log; nothing is lost meanwhile"),
    "READONLY": (
        "it is a replica, which takes no writes",
        "name the primary, or let Sentinel or the cluster name it (redis+sentinel://, redis+cluster://)",
    ),
    "LOADING": ("it still reads its file after a start", "wait until it has read it"),
    "MASTERDOWN": ("it is a replica that has lost its primary", _WAITS),
    "NOREPLICAS": ("it has fewer replicas than it wants", "start the replicas, or lower min-replicas-to-write"),
    "BUSY": ("somebody's script keeps it busy", "find that script, and stop it with SCRIPT KILL"),
    "CLUSTERDOWN": ("its cluster is not whole", "see CLUSTER INFO; " + _WAITS),
    "TRYAGAIN": ("its cluster moves these keys to another node", _WAITS),
    "MOVED": ("its cluster has changed", "if this is a cluster, write redis+cluster://; " + _WAITS),
    "ASK": ("its cluster moves these keys to another node", _WAITS),
    "WRONGTYPE": ("another program uses the same keys", "give Touchline a prefix of its own: ?prefix=NAME"),
    "NOAUTH": ("it wants a password", "write it into the URL: redis://:PASSWORD@HOST"),
    "WRONGPASS": ("it does not know this user and password", "see the user and password in the URL"),
    "NOPERM": ("this user may not do that", "allow the user the commands of docs/operating.md and the keys tl:*"),
}
"""The first word of an error. Inside a script of an older server it stands further back."""
_KINDS: tuple[tuple[type[Exception], tuple[str, str]], ...] = (
    (redis.BusyLoadingError, _CODES["LOADING"]),
    (redis.AuthenticationError, _CODES["WRONGPASS"]),
    (redis.ClusterError, _CODES["CLUSTERDOWN"]),
    (redis.RedisClusterException, _CODES["CLUSTERDOWN"]),
    (redis.TimeoutError, ("it does not answer in time", "see whether it or the network is overloaded; " + _WAITS)),
    (redis.ConnectionError, ("it cannot be reached", "see whether it runs and the address is right; " + _WAITS)),
)


@contextmanager
def sentences(name: str) -> Iterator[None]:
    """Turn the client's errors into sentences about the server `name`; a defect of ours passes as it is."""
    try:
        yield
    except (redis.RedisError, redis.RedisClusterException) as error:
        known = _meaning(error)
        if known is None:
            raise
        what, hint = known
        raise StoreUnavailable(f"the state at {name} cannot be used: {what}", hint=hint) from error


def _meaning(error: Exception) -> tuple[str, str] | None:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            "its certificate is not trusted",
            "name the file of who signed it (?ca=FILE), and the host as it stands there",
        )
    words = str(error).replace(":", " ").replace("-", " ").split() if isinstance(error, redis.ResponseError) else []
    code = next((word for word in (getattr(error, "status_code", None), *words) if word in _CODES), None)
    if code is not None:
        return _CODES[code]
    return next((meaning for kind, meaning in _KINDS if isinstance(error, kind)), None)
