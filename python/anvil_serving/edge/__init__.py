"""The ASGI face: routes, one exchange per request, auth, limits. Knows HTTP, knows no tier."""

from __future__ import annotations

from anvil_serving.edge.server import serve

__all__ = ["serve"]
