"""The three APIs that the generator asks in and the scripted upstream answers in."""

from typing import Literal, get_args

Dialect = Literal["chat", "messages", "responses"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

PATHS: dict[Dialect, str] = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
}
# What the router's settings call each (`anvil_serving.config.schema.Tier.dialect`).
SETTINGS: dict[Dialect, str] = {"chat": "openai", "messages": "anthropic", "responses": "responses"}
