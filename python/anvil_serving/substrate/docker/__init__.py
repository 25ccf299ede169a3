"""Docker, through its command: its daemon, containers, compose files and disk."""
