"""A playbook that uses every feature of the language, and a history in which every one of them matters."""
