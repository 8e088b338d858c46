"""`python -m workers` is the command `touchline`."""

from __future__ import annotations

from workers.cli import main

if __name__ == "__main__":  # not where a process of a simulation loads it again
    main()
