"""One module per provider: build its request, parse its reply, declare its duplicate kind."""
