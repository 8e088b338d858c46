"""What must always hold, searched by hypothesis."""
