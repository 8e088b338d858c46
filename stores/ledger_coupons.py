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
    """Issue a coupon or refuse it: what is known of the decision from now on, and the reason of a refusal."""
    insert = insert_into(connection, "coupon_pool").on_conflict_do_nothing()
    connection.execute(insert, {"pool": offer.pool, "issued": 0, "refused": 0, "cost": 0})
    reason = _take(connection, offer) or _kept_from(connection, row, offer)
    if reason:
        t = table("coupon_pool")
        connection.execute(update(t).where(t.c.pool == offer.pool).values(refused=t.c.refused + 1))
        return CouponFact("refused", pool=offer.pool), reason
    code = _new_code(connection, row, offer)
    if code is None:
        _give_back(connection, offer)
        return CouponFact("refused", pool=offer.pool), "no_code"
    return CouponFact("done", code, offer.expires, offer.pool), ""
