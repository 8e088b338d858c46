"""Whether, what and how to send: policy, rendering, adapters and dispatch."""
