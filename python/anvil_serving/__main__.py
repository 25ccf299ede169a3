"""`python -m anvil_serving`."""

from __future__ import annotations

from anvil_serving.cli import main

if __name__ == "__main__":
    main()
