"""The settings of every harness: the one source of what is written, printed and shown by `quickstart`.

Each function says with which release of its harness it was tried (docs/commands.md says how). Time limits are left as
they are: the router gives signs of life before any of them, and a limit is how a harness notices that the router itself
is gone (docs/adr/0019-harness-settings.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET, Struct

from anvil_serving.errors import StartupError
from anvil_serving.substrate.document import Item

from .endpoint import Endpoint
from .settings import Export, Setting, SettingsFile, Setup

if TYPE_CHECKING:
    from anvil_serving.substrate.document import Value

    from .endpoint import Model

__all__ = ["HARNESSES", "Harness", "HarnessName", "Home"]

HarnessName = Literal["claude-code", "codex", "aider", "opencode", "continue", "cline", "openclaw"]

_PROVIDER: Final = "anvil"
_NO_TOKEN: Final = "any"  # noqa: S105 - said where a harness insists on a key and the router asks for none
_COMPACT_AT: Final = range(100_000, 200_000)
"""Tokens. Claude Code takes an unknown model's window for 200,000, and no less than 100,000 (read in 2.1.197)."""
_CLAUDE_OUTPUT: Final = 32_000


class Home(Struct, frozen=True):
    """Where a person's settings are."""

    folder: Path
    environ: Mapping[str, str]

    def at(self, variable: str, otherwise: Path | str) -> Path:
        """The folder or file that a variable names, else the other, which may be relative to the home."""
        named = self.environ.get(variable, "").strip()
        return Path(named) if named else self.folder / otherwise


class Harness(Struct, frozen=True):
    """A harness that can be set up."""

    setup: Callable[[Endpoint, Home], Setup]
    takes_token: bool = False
    """Whether it can be given a token in no other way than by its value, or through a variable of another name."""


def _claude_code(endpoint: Endpoint, home: Home) -> Setup:
    """Claude Code 2.1.197."""
    main, small = endpoint.main, endpoint.small
    variables = {
        "ANTHROPIC_BASE_URL": endpoint.url,
        "ANTHROPIC_AUTH_TOKEN": _NO_TOKEN,
        # Or every conversation starts differently, and prompt caches never hit.
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
        # The router lists presets as claude-NAME; this shows them in /model.
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
        "ANTHROPIC_MODEL": main.id,
        # Sub-agents and menus ask for these by name.
        "ANTHROPIC_DEFAULT_OPUS_MODEL": main.id,
        "ANTHROPIC_DEFAULT_SONNET_MODEL": main.id,
        "ANTHROPIC_DEFAULT_FABLE_MODEL": main.id,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": small.id,
    }
    if main.context_tokens in _COMPACT_AT:
        variables["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] = str(main.context_tokens)
    if main.max_output_tokens is not None and main.max_output_tokens < _CLAUDE_OUTPUT:
        variables["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(main.max_output_tokens)
    settings = []
    if endpoint.token_env is not None:
        # Its settings cannot refer to a variable, but they can name a command that prints a token.
        del variables["ANTHROPIC_AUTH_TOKEN"]
        settings = [
            Setting(("env", "ANTHROPIC_AUTH_TOKEN"), UNSET),
            Setting(("apiKeyHelper",), f"printenv {endpoint.token_env}"),
        ]
    settings += [Setting(("env", name), value) for name, value in variables.items()]
    token = () if endpoint.token_env is None else (Export("ANTHROPIC_AUTH_TOKEN", endpoint.token_env).line,)
    exports = tuple(f"export {name}={quote(value)}" for name, value in variables.items())
    return Setup(
        harness="claude-code",
        title="Claude Code",
        files=(SettingsFile(home.at("CLAUDE_CONFIG_DIR", ".claude") / "settings.json", "json", tuple(settings)),),
        exports=_itself(endpoint),
        trial=(*exports, *token, "claude"),
    )


def _codex(endpoint: Endpoint, home: Home) -> Setup:
    """Codex 0.169.0, which speaks Responses alone."""
    provider = ("model_providers", _PROVIDER)
    settings = [Setting(("model",), endpoint.main.id), Setting(("model_provider",), _PROVIDER)]
    if endpoint.main.context_tokens is not None:
        settings.append(Setting(("model_context_window",), endpoint.main.context_tokens))
    settings += [
        Setting((*provider, "name"), "anvil-serving"),
        Setting((*provider, "base_url"), f"{endpoint.url}/v1"),
        Setting((*provider, "wire_api"), "responses"),
    ]
    if endpoint.token_env is not None:
        settings.append(Setting((*provider, "env_key"), endpoint.token_env))
    return Setup(
        harness="codex",
        title="Codex",
        files=(SettingsFile(home.at("CODEX_HOME", ".codex") / "config.toml", "toml", tuple(settings), provider),),
        exports=_itself(endpoint),
        notes=("Codex warns that it has no metadata for the model; that is all that comes of it.",),
    )


def _aider(endpoint: Endpoint, home: Home) -> Setup:
    """Aider 0.86.2. Its files refer to no variables; it takes the key from OPENAI_API_KEY."""
    models = {f"openai/{model.id}": model for model in (endpoint.main, endpoint.small)}
    main, small = f"openai/{endpoint.main.id}", f"openai/{endpoint.small.id}"
    settings = [
        Setting(("model",), main),
        Setting(("weak-model",), small),
        Setting(("openai-api-base",), f"{endpoint.url}/v1"),
        *_literal_token(endpoint, ("openai-api-key",)),
    ]
    known = [
        Setting((name,), _aider_metadata(model)) for name, model in models.items() if model.context_tokens is not None
    ]
    if not known:
        # It would stop and ask about a model that it does not know.
        settings.append(Setting(("show-model-warnings",), value=False))
    variables = f"OPENAI_API_BASE={quote(endpoint.url)}/v1 OPENAI_API_KEY={_key_in_shell(endpoint)}"
    files = [SettingsFile(home.folder / ".aider.conf.yml", "yaml", tuple(settings))]
    if known:
        files.append(SettingsFile(home.folder / ".aider.model.metadata.json", "json", tuple(known)))
    return Setup(
        harness="aider",
        title="Aider",
        files=tuple(files),
        exports=_as_openai_key(endpoint),
        trial=(f"{variables} aider --model {quote(main)} --weak-model {quote(small)}",),
        notes=("A .aider.conf.yml in a repository goes before the one in your home.",),
    )


def _aider_metadata(model: Model) -> Value:
    return {
        "max_input_tokens": model.context_tokens,
        "max_output_tokens": model.answer_tokens,
        "input_cost_per_token": 0,
        "output_cost_per_token": 0,
        "litellm_provider": "openai",
        "mode": "chat",
    }


def _opencode(endpoint: Endpoint, home: Home) -> Setup:
    """OpenCode 1.18.33."""
    folder = home.at("XDG_CONFIG_HOME", ".config") / "opencode"
    provider = ("provider", _PROVIDER)
    key = _NO_TOKEN if endpoint.token_env is None else f"{{env:{endpoint.token_env}}}"
    settings = [
        # OpenCode would add it by itself, and the file would not be ours alone any more.
        Setting(("$schema",), "https://opencode.ai/config.json", if_absent=True),
        Setting(("model",), f"{_PROVIDER}/{endpoint.main.id}"),
        Setting(("small_model",), f"{_PROVIDER}/{endpoint.small.id}"),
        Setting((*provider, "npm"), "@ai-sdk/openai-compatible"),
        Setting((*provider, "name"), "anvil-serving"),
        Setting((*provider, "options", "baseURL"), f"{endpoint.url}/v1"),
        Setting((*provider, "options", "apiKey"), key),
    ]
    for model in endpoint.listed:
        about: dict[str, Value] = {"name": model.id}
        if model.context_tokens is not None:
            about["limit"] = {"context": model.context_tokens, "output": model.answer_tokens}
        settings.append(Setting((*provider, "models", model.id), about))
    # Where both are there, the second one wins.
    commented = folder / "opencode.jsonc"
    path = commented if commented.exists() else folder / "opencode.json"
    return Setup(
        harness="opencode",
        title="OpenCode",
        files=(SettingsFile(path, "json", tuple(settings), provider),),
        exports=_itself(endpoint),
    )


def _continue(endpoint: Endpoint, home: Home) -> Setup:
    """Continue: its CLI 1.5.47."""
    folder = home.at("CONTINUE_GLOBAL_DIR", ".continue")
    path = folder / "config.yaml"
    if (folder / "config.json").exists() and not path.exists():
        raise StartupError(
            f"Continue is set up by {folder / 'config.json'}, and a config.yaml beside it would hide that",
            hint="let Continue turn it into a config.yaml first",
        )
    key = _NO_TOKEN if endpoint.token_env is None else f"${{{{ secrets.{endpoint.token_env} }}}}"
    roles: dict[str, list[Value]] = {endpoint.small.id: ["edit", "apply"]}
    roles[endpoint.main.id] = ["chat", *roles.get(endpoint.main.id, ["edit", "apply"])]
    settings = [
        Setting(("name",), "Local Config", if_absent=True),
        Setting(("version",), "1.0.0", if_absent=True),
        Setting(("schema",), "v1", if_absent=True),
    ]
    # The later one becomes the first of the list, and the first is what is asked.
    for model in dict.fromkeys((endpoint.small, endpoint.main)):
        name = f"{model.id} (anvil-serving)"
        about: dict[str, Value] = {
            "name": name,
            "provider": "openai",
            "model": model.id,
            "apiBase": f"{endpoint.url}/v1",
            "apiKey": key,
            "roles": roles[model.id],
            # It cannot tell by such a name that a model takes tools.
            "capabilities": ["tool_use"],
        }
        if model.context_tokens is not None:
            about["defaultCompletionOptions"] = {
                "contextLength": model.context_tokens,
                "maxTokens": model.answer_tokens,
            }
        settings.append(Setting(("models", Item("name", name)), about))
    return Setup(
        harness="continue",
        title="Continue",
        files=(SettingsFile(path, "yaml", tuple(settings)),),
        exports=_itself(endpoint),
        notes=("Editors take the variable from the file .env beside it: they seldom have a shell's environment.",)
        if endpoint.token_env is not None
        else (),
    )


def _cline(endpoint: Endpoint, home: Home) -> Setup:
    """Cline 3.0.65. Its file refers to no variables; without a key in it, it takes the key from OPENAI_API_KEY."""
    name = "openai-compatible"
    entry = ("providers", name)
    data = home.at("CLINE_DATA_DIR", home.at("CLINE_DIR", ".cline") / "data")
    path = home.at("CLINE_PROVIDER_SETTINGS_PATH", data / "settings" / "providers.json")
    settings = [
        Setting(("version",), 1, if_absent=True),
        Setting(("lastUsedProvider",), name),
        Setting(("modes",), {}, if_absent=True),
        Setting((*entry, "settings", "provider"), name),
        Setting((*entry, "settings", "model"), endpoint.main.id),
        Setting((*entry, "settings", "baseUrl"), f"{endpoint.url}/v1"),
        *_literal_token(endpoint, (*entry, "settings", "apiKey")),
        # It insists on a time, and sets its own when a person changes something.
        Setting((*entry, "updatedAt"), "1970-01-01T00:00:00.000Z", if_absent=True),
        Setting((*entry, "tokenSource"), "manual", if_absent=True),
    ]
    return Setup(
        harness="cline",
        title="Cline",
        files=(SettingsFile(path, "json", tuple(settings), entry),),
        exports=_as_openai_key(endpoint),
        notes=(
            "Cline's process in the background keeps what it has read: end it, so that the next one reads this.",
            "Older extensions for VS Code keep their settings in the editor, not in this file.",
        ),
    )


def _openclaw(endpoint: Endpoint, home: Home) -> Setup:
    """OpenClaw 2026.9.6, which needs Node 24."""
    provider = ("models", "providers", _PROVIDER)
    state = home.at("OPENCLAW_STATE_DIR", home.at("OPENCLAW_HOME", "") / ".openclaw")
    path = home.at("OPENCLAW_CONFIG_PATH", state / "openclaw.json")
    key = _NO_TOKEN if endpoint.token_env is None else f"${{{endpoint.token_env}}}"
    models: list[Value] = []
    for model in endpoint.listed:
        about: dict[str, Value] = {"id": model.id, "name": model.id, "reasoning": False, "input": ["text"]}
        if model.context_tokens is not None:
            about |= {"contextWindow": model.context_tokens, "maxTokens": model.answer_tokens}
        models.append(about)
    settings = (
        Setting((*provider, "baseUrl"), f"{endpoint.url}/v1"),
        Setting((*provider, "apiKey"), key),
        Setting((*provider, "api"), "openai-completions"),
        Setting((*provider, "models"), models),
        Setting(("agents", "defaults", "model"), f"{_PROVIDER}/{endpoint.main.id}", member="primary"),
        Setting(("agents", "defaults", "utilityModel"), f"{_PROVIDER}/{endpoint.small.id}"),
    )
    return Setup(
        harness="openclaw",
        title="OpenClaw",
        files=(SettingsFile(path, "json", settings, provider),),
        exports=_itself(endpoint),
    )


def _itself(endpoint: Endpoint) -> tuple[Export, ...]:
    return () if endpoint.token_env is None else (Export(endpoint.token_env, endpoint.token_env),)


def _as_openai_key(endpoint: Endpoint) -> tuple[Export, ...]:
    if endpoint.token_env is None or endpoint.token is not None:
        return ()
    return (Export("OPENAI_API_KEY", endpoint.token_env),)


def _key_in_shell(endpoint: Endpoint) -> str:
    return _NO_TOKEN if endpoint.token_env is None else f'"${endpoint.token_env}"'


def _literal_token(endpoint: Endpoint, place: tuple[str, ...]) -> tuple[Setting, ...]:
    """The key as a value: none where it comes from the environment, so that what is in the file does not hide that."""
    if endpoint.token is not None:
        return (Setting(place, endpoint.token, is_secret=True),)
    return (Setting(place, _NO_TOKEN if endpoint.token_env is None else UNSET),)


HARNESSES: Final[Mapping[HarnessName, Harness]] = MappingProxyType(
    {
        "claude-code": Harness(_claude_code),
        "codex": Harness(_codex),
        "aider": Harness(_aider, takes_token=True),
        "opencode": Harness(_opencode),
        "continue": Harness(_continue),
        "cline": Harness(_cline, takes_token=True),
        "openclaw": Harness(_openclaw),
    }
)
