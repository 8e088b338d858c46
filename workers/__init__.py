"""The processes: settings, clock, bootstrap, the loop and the command line."""
