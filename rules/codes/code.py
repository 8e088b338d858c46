"""What is known of a finding's code beside the sentence that it carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Code"]


@dataclass(frozen=True, slots=True)
class Code:
    """A code, what it means and what to do, each in English and in Chinese.

    `severity`: `either` where it depends, as for what a draft may have and a live rule may not.
    """

    name: str
    english: str
    chinese: str
    remedy: str
    remedy_chinese: str
    severity: Literal["error", "warning", "either"] = "error"
