"""Reading an adapter's options: each adapter declares a struct, and what does not fit is said in one sentence. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from schemas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Options", "read_options"]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every adapter's options: an unknown one is refused, not ignored."""


T = TypeVar("T", bound=Options)


def read_options(adapter: str, options: Mapping[str, Any], kind: type[T]) -> T:
    """The options as `kind`. Raises `SettingsError`, without the values: they may be secret."""
    try:
        return msgspec.convert(dict(options), kind)
    except msgspec.ValidationError as error:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        message = f"The options of the adapter {adapter} do not fit: {error}. It takes: {known or 'none'}."
        raise SettingsError(message) from None
