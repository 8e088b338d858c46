"""Services that behave as the real ones do, limits and refusals included, on real sockets of this machine."""
