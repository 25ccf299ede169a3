"""What a setting may be: numbers with their units and ranges, texts with their form.

`Meta(extra={"check": ...})` names a check of `shape.py` that a type alone cannot express.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

__all__ = [
    "Body",
    "Container",
    "Dollars",
    "EnvironmentName",
    "FilePath",
    "GpuId",
    "HttpPath",
    "IpAddress",
    "Label",
    "ProxyUrl",
    "Seconds",
    "Text",
    "Tokens",
    "Url",
    "Words",
]

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
# What Docker allows as a name (its reference, "docker container create"); compose allows as much for a service.
Container = Annotated[
    str, Meta(extra={"check": "container"}, extra_json_schema={"pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"})
]
FilePath = Annotated[str, Meta(extra={"check": "file"})]
GpuId = Annotated[str, Meta(extra={"check": "gpu"}, extra_json_schema={"pattern": "^(GPU|MIG)-[0-9a-zA-Z/-]+$"})]
HttpPath = Annotated[str, Meta(extra={"check": "path"}, extra_json_schema={"pattern": "^/[!-~]*$"})]
Label = Annotated[str, Meta(min_length=1, extra={"check": "label"})]
IpAddress = Annotated[str, Meta(extra={"check": "address"})]
Words = Annotated[str, Meta(extra={"check": "words"})]
