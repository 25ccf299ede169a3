"""Writes the generated parts of the documentation anew; `make docs` runs it and a test holds that nothing is out of date."""

from __future__ import annotations

import re
from pathlib import Path

from anvil_serving.config import reference_markdown

CONFIGURATION = Path(__file__).parent / "configuration.md"
_REFERENCE = re.compile(r"(<!-- reference:begin [^\n]*-->\n\n).*(\n<!-- reference:end -->\n)", re.DOTALL)


def main() -> None:
    """Replaces what stands between the markers."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    written, count = _REFERENCE.subn(lambda markers: markers[1] + reference_markdown() + markers[2], text)
    if count != 1:
        raise SystemExit(f"{CONFIGURATION}: the markers of the reference are not there")
    CONFIGURATION.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
