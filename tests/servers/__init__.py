"""Real servers as plain processes: for the tests that claim them, and for `make servers`."""
