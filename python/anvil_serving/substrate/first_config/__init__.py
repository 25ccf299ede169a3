"""A first configuration, from what runs here: `anvil-serving init`."""
