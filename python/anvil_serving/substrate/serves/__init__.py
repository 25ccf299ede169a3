"""Model servers in containers, from a manifest: `anvil-serving serves`."""
