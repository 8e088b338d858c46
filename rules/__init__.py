"""The playbook: load, check, compile, fold and explain."""
