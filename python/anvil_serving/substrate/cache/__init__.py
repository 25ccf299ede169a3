"""The disk that downloaded models take: `anvil-serving cache prune`."""
