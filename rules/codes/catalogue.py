"""All codes, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.codes import definitions, expressions, lint, names, restraint, sense, values, yaml

if TYPE_CHECKING:
    from rules.codes.code import Code

__all__ = ["CODES", "FAMILIES"]

FAMILIES = {
    "YAML": yaml.CODES,
    "Names": names.CODES,
    "Values": values.CODES,
    "Expressions": expressions.CODES,
    "Definitions": definitions.CODES,
    "Sense": sense.CODES,
    "Lint": lint.CODES,
    "Quiet hours and caps": restraint.CODES,
}
"""The codes as the documents group them."""

CODES: dict[str, Code] = {code.name: code for family in FAMILIES.values() for code in family}
