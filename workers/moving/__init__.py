"""Moving a workspace to other stores: checks, copies, and the comparison that decides whether it may be used."""
