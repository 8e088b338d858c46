"""Issuing coupons: stock, budget and the person's share are counted in the transaction that makes the code."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, bindparam, func, or_, select, update

from messaging.policy import CouponFact
from schemas.tables import table
from stores.ledger_rows import add_row

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Update

    from messaging.policy import CouponOffer
    from messaging.ports import OutboxRow

__all__ = ["issue"]

_CODES_TRIED = 16


def issue(connection: Connection, row: OutboxRow, offer: CouponOffer) -> tuple[CouponFact, str]:
    """Issue a coupon or refuse it: what is known of the decision from now on, and the reason of a refusal.

    Reasons: `stock`, `budget`, `per_person`, and `no_code` when every code that is offered is taken.
    """
    reason, code = _take(connection, offer), ""
    if not reason:
        if _has_enough(connection, row, offer):
            reason = "per_person"
        else:
            code = _keep(connection, row, offer)
            reason = "" if code else "no_code"
        if reason:
            _count(connection, offer, issued=-1)
    if reason:
        _count(connection, offer, refused=1)
        return CouponFact("refused", pool=offer.pool), reason
    return CouponFact("done", code, offer.expires, offer.pool), ""


def _take(connection: Connection, offer: CouponOffer) -> str:
    """Count one coupon out of the pool's stock and budget; the reason when it has no more."""
    values = {"p": offer.pool, "cost_of_one": offer.cost, "stock": offer.stock, "budget": offer.budget}
    while connection.execute(_taking(), values).rowcount != 1:
        pool = connection.execute(_locked(), {"p": offer.pool}).first()
        if pool is None:
            add_row(connection, "coupon_pool", {"pool": offer.pool, "issued": 0, "refused": 0, "cost": 0})
        elif offer.stock is not None and pool.issued >= offer.stock:
            return "stock"
        elif offer.budget is not None and pool.cost + offer.cost > offer.budget:
            return "budget"
    return ""


@cache
def _taking() -> Update:
    """Issue one more, if that leaves neither the stock nor the budget; who does it has the pool for the transaction."""
    t = table("coupon_pool")
    cost, stock, budget = (bindparam(name, type_=BigInteger) for name in ("cost_of_one", "stock", "budget"))
    return (
        update(t)
        .where(t.c.pool == bindparam("p"))
        .where(or_(stock.is_(None), t.c.issued < stock), or_(budget.is_(None), t.c.cost + cost <= budget))
        .values(issued=t.c.issued + 1, cost=t.c.cost + cost)
    )


@cache
def _locked() -> Select[int, int]:
    """A pool as it is, and stays until the transaction ends."""
    t = table("coupon_pool")
    return select(t.c.issued, t.c.cost).where(t.c.pool == bindparam("p")).with_for_update()


def _count(connection: Connection, offer: CouponOffer, *, issued: int = 0, refused: int = 0) -> None:
    values = {"p": offer.pool, "more_issued": issued, "more_refused": refused, "more_cost": issued * offer.cost}
    connection.execute(_counting(), values)


@cache
def _counting() -> Update:
    t = table("coupon_pool")
    more: dict[str, Any] = {name: t.c[name] + bindparam(f"more_{name}") for name in ("issued", "refused", "cost")}
    return update(t).where(t.c.pool == bindparam("p")).values(more)


def _has_enough(connection: Connection, row: OutboxRow, offer: CouponOffer) -> bool:
    """Whether the person has had as many coupons of the pool as anybody may have."""
    if offer.per_person is None:
        return False
    return connection.execute(_held(), {"p": offer.pool, "by": row.person}).scalar_one() >= offer.per_person


@cache
def _held() -> Select[int]:
    t = table("coupon")
    return select(func.count()).where(t.c.pool == bindparam("p"), t.c.person == bindparam("by"))


def _keep(connection: Connection, row: OutboxRow, offer: CouponOffer) -> str:
    """Keep the coupon under the first of its codes that nobody has; empty if all are taken."""
    values = {
        "decision_id": row.decision_id,
        "pool": offer.pool,
        "person": row.person,
        "status": "issued",
        "time": row.time,
        "expires": offer.expires,
        "cost": offer.cost,
    }
    for attempt in range(_CODES_TRIED):
        code = offer.code(attempt)
        if add_row(connection, "coupon", values | {"code": code}):
            return code
    return ""
