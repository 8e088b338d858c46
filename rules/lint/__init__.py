"""What no parser can see: rules that are well written and still do not do what somebody meant."""
