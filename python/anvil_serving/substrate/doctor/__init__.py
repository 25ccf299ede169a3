"""What stands in the way of serving: `anvil-serving doctor` and `config check`."""
