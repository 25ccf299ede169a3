"""A service for a model on a card: `anvil-serving deploy`."""
