"""Puts the compiled fold into the wheel (`make wheel-compiled`): such a wheel fits one platform and one Python."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

from compiled import TARGET, make


class CompiledWheel(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles the fold, and adds it to the sources, which stay in the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the extension modules; an editable installation never has any."""
        if version == "editable":
            return
        for made in make(required=True):
            build_data["force_include"][str(made)] = str(made.relative_to(TARGET))
        build_data["pure_python"], build_data["infer_tag"] = False, True
