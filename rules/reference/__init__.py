"""The reference of a playbook: what it knows and what it does, for people who do not read YAML."""
