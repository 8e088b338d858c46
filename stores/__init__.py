"""The log, state and ledger ports, with an implementation for each engine and one in memory."""
