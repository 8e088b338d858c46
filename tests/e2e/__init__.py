"""Tests of real processes and of the installed wheel."""
