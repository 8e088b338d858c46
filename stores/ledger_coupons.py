"""Issuing coupons: stock, budget and the person's share are counted in the transaction that makes the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from messaging.policy import CouponFact
from schemas.tables import table
from stores.ledger_rows import insert_into

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from messaging.policy import CouponOffer
    from messaging.ports import OutboxRow

__all__ = ["issue"]

_CODES_TRIED = 16


def issue(connection: Connection, row: OutboxRow, offer: CouponOffer) -> tuple[CouponFact, str]:
    """Issue a coupon or refuse it: what is known of the decision from now on, and the reason of a refusal.

    Reasons: `stock`, `budget`, `per_person`, and `no_code` when every code that is offered is taken.
    """
    insert = insert_into(connection, "coupon_pool").on_conflict_do_nothing()
    connection.execute(insert, {"pool": offer.pool, "issued": 0, "refused": 0, "cost": 0})
    reason, code = _take(connection, offer), ""
    if not reason:
        if _has_enough(connection, row, offer):
            reason = "per_person"
        else:
            code = _insert(connection, row, offer)
            reason = "" if code else "no_code"
        if reason:
            _give_back(connection, offer)
    if reason:
        _count_refusal(connection, offer)
        return CouponFact("refused", pool=offer.pool), reason
    return CouponFact("done", code, offer.expires, offer.pool), ""


def _count_refusal(connection: Connection, offer: CouponOffer) -> None:
    t = table("coupon_pool")
    connection.execute(update(t).where(t.c.pool == offer.pool).values(refused=t.c.refused + 1))


def _take(connection: Connection, offer: CouponOffer) -> str:
    """Count one coupon out of the pool's stock and budget; the reason when it has no more."""
    t = table("coupon_pool")
    statement = update(t).where(t.c.pool == offer.pool)
    if offer.stock is not None:
        statement = statement.where(t.c.issued < offer.stock)
    if offer.budget is not None:
        statement = statement.where(t.c.cost + offer.cost <= offer.budget)
    statement = statement.values(issued=t.c.issued + 1, cost=t.c.cost + offer.cost)
    if connection.execute(statement).rowcount == 1:
        return ""
    issued = connection.execute(select(t.c.issued).where(t.c.pool == offer.pool)).scalar_one()
    return "stock" if offer.stock is not None and issued >= offer.stock else "budget"


def _give_back(connection: Connection, offer: CouponOffer) -> None:
    t = table("coupon_pool")
    statement = update(t).where(t.c.pool == offer.pool)
    connection.execute(statement.values(issued=t.c.issued - 1, cost=t.c.cost - offer.cost))


def _has_enough(connection: Connection, row: OutboxRow, offer: CouponOffer) -> bool:
    """Whether the person has as many coupons of the pool as anybody may have; the pool's row is ours by now."""
    if offer.per_person is None:
        return False
    t = table("coupon")
    query = select(func.count()).where(t.c.pool == offer.pool, t.c.person == row.person)
    return connection.execute(query).scalar_one() >= offer.per_person


def _insert(connection: Connection, row: OutboxRow, offer: CouponOffer) -> str:
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
    statement = insert_into(connection, "coupon").on_conflict_do_nothing()
    for attempt in range(_CODES_TRIED):
        code = offer.code(attempt)
        if connection.execute(statement, values | {"code": code}).rowcount == 1:
            return code
    return ""
