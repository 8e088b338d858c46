"""The words of each command: its name, arguments and options, read by Typer and handed over to `workers.commands`."""
