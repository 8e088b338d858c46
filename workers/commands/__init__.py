"""What each command does; `workers.cli` only reads its words."""
