"""The shape of a playbook's files, described once: for editors as JSON Schema."""
