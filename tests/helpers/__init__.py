"""Builders, fakes and waiting shared by the tests."""
