"""The canonical form of a playbook's files: what `touchline fmt` writes."""
