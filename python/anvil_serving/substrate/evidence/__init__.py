"""Which model is good at what, and how that is known: `anvil-serving score`."""
