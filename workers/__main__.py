"""`python -m workers` is the command `touchline`."""

from __future__ import annotations

from workers.cli import main

main()
