"""What a setting may be: numbers with their units and ranges, texts with their form.

`Meta(extra={"check": ...})` names a check of `shape.py` that a type alone cannot express.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

__all__ = ["Body", "Dollars", "EnvironmentName", "ProxyUrl", "Seconds", "Text", "Tokens", "Url"]

# At most a day: a longer wait is a mistake in the unit, and `inf` would take the limit away.
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]
Text = Annotated[str, Meta(min_length=1)]
Url = Annotated[
    str,
    Meta(extra={"check": "url"}, extra_json_schema={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\\s]+(/[^?#\\s]*)?$"}),
]
ProxyUrl = Annotated[str, Meta(extra={"check": "proxy"}, extra_json_schema={"pattern": "^http://[^/?#@\\s]+/?$"})]
EnvironmentName = Annotated[
    str, Meta(extra={"check": "environment"}, extra_json_schema={"pattern": "^[A-Z][A-Z0-9_]*$"})
]
Body = Annotated[Mapping[str, Any], Meta(extra={"check": "json"})]
