"""Records as the fold knows them, made of what aiokafka unpacks without the objects that it makes in between."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from aiokafka.consumer.fetcher import FetchResult, PartitionRecords

from schemas.records import Record

__all__ = ["Fetches", "Unpacked", "record_of"]


def record_of(_: object, given: Any) -> Record:  # noqa: ANN401 - a record as aiokafka unpacks it
    """A record as the fold knows it. A key or value that is no UTF-8, or is missing, is refused where it is decoded."""
    key = b"" if given.key is None else given.key
    return Record(given.offset, given.timestamp, key.decode("utf-8", "replace"), given.value or b"")


class Unpacked(PartitionRecords):  # type: ignore[misc]  # aiokafka has no types
    """What one fetch brought of a partition: an iterator of records of ours."""

    _consumer_record = staticmethod(record_of)


class Fetches(OrderedDict[Any, Any]):
    """What a consumer has fetched and nobody has taken yet; every `FetchResult` in it gives records of ours."""

    def __setitem__(self, place: Any, fetched: Any) -> None:  # noqa: ANN401 - aiokafka's
        """Keep a fetch of a partition, or the error in its place."""
        if isinstance(fetched, FetchResult):
            fetched._partition_records._consumer_record = record_of  # noqa: SLF001 - aiokafka has no setting
        super().__setitem__(place, fetched)
