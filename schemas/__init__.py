"""The values every room shares: events, profiles, decisions, ids, times, money and errors."""
