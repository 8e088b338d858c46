"""The one request that aiokafka does not know yet: metadata with the id that a topic is given when it is made."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

if TYPE_CHECKING:
    from io import BytesIO

__all__ = ["TopicIdRequest"]

_NOBODY = bytes(16)
_NO_MORE = (False, False)
"""No topic is to be made, and nobody asks who may do what."""


class Uuid(AbstractType):  # type: ignore[misc]
    """16 bytes, written as Kafka's own tools write them; "" for none."""

    @classmethod
    def encode(cls, value: str) -> bytes:
        """To bytes."""
        return base64.urlsafe_b64decode(f"{value}==") if value else _NOBODY

    @classmethod
    def decode(cls, data: BytesIO) -> str:
        """From bytes."""
        found = data.read(16)
        return "" if found == _NOBODY else base64.urlsafe_b64encode(found).rstrip(b"=").decode()


_PARTITION = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline_replicas", CompactArray(Int32)),
    ("tags", TaggedFields),
)
_BROKER = (
    ("node_id", Int32),
    ("host", CompactString("utf-8")),
    ("port", Int32),
    ("rack", CompactString("utf-8")),
    ("tags", TaggedFields),
)
_TOPIC = (
    ("error_code", Int16),
    ("topic", CompactString("utf-8")),
    ("topic_id", Uuid),
    ("is_internal", Boolean),
    ("partitions", CompactArray(*_PARTITION)),
    ("operations", Int32),
    ("tags", TaggedFields),
)


class MetadataResponse_v12(Response):  # type: ignore[misc]  # noqa: N801 - named as aiokafka names its own
    """The answer, of Kafka 3.0 and newer."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(*_BROKER)),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        ("topics", CompactArray(*_TOPIC)),
        ("tags", TaggedFields),
    )


class MetadataRequest_v12(RequestStruct):  # type: ignore[misc]  # noqa: N801 - named as aiokafka names its own
    """The request on the wire."""

    API_KEY = 3
    API_VERSION = 12
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = MetadataResponse_v12
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicIdRequest(Request[MetadataRequest_v12]):  # type: ignore[misc]
    """Asks for the metadata of one topic and makes none."""

    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[Any]) -> Any:  # noqa: ANN401 - aiokafka's struct
        """For the version that the broker and this client both speak."""
        return request_struct_class([("", self._topic, {})], *_NO_MORE, {})
