"""Who a person is now: windows, traits, tags, lifecycle stages, conditions and timers."""
