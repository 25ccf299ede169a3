"""What harnesses asked of models, read from their logs: `anvil-serving usage`."""
