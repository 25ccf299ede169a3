"""What models lie on this machine, and what loads them: `anvil-serving models`."""
