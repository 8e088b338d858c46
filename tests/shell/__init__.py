"""Tests of the processes with fakes that run."""
