"""`init` as 0.7.1 had it: a model is deployed first, and the configuration is for what will run then."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from .output import talk

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["BringUp", "bring_up"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BringUp:
    """What the options of 0.7.1 say; None: not given."""

    model: str | None
    catalog_dir: Path | None
    gpu: str | None
    served_name: str | None
    tier_id: str | None
    port: int | None
    engine: str | None
    bind: str | None
    out_dir: Path | None
    disable_thinking: bool
    expose_lan: bool

    @property
    def is_wanted(self) -> bool:
        """Whether one of them was given."""
        return any(getattr(self, field.name) not in {None, False} for field in dataclasses.fields(self))


def bring_up(
    wanted: BringUp, *, context: int | None, mode: Literal["gated", "direct"], force: bool, as_json: bool
) -> None:
    """Writes a compose file, a manifest and a configuration into a folder, which agree with one another.

    What is printed is `deploy`'s report.
    """
    import datetime  # noqa: PLC0415 - `--help` must not load more than the parser
    import shlex  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    from anvil_serving.config import loads  # noqa: PLC0415
    from anvil_serving.errors import StartupError  # noqa: PLC0415
    from anvil_serving.files import write_file  # noqa: PLC0415
    from anvil_serving.layout import printable  # noqa: PLC0415
    from anvil_serving.substrate.first_config.draft_text import framed  # noqa: PLC0415
    from anvil_serving.substrate.models.catalog import pick  # noqa: PLC0415

    from .deploy import deploy  # noqa: PLC0415

    folder = wanted.out_dir or Path()
    path = folder / "router.toml"
    if path.exists() and not force:  # before anything else is written
        raise StartupError(f"{path} exists already", hint="--force replaces it and keeps a backup")
    model, card = wanted.model, None
    if model is None:
        picked = pick(wanted.catalog_dir or Path("model-library"))
        model, card = picked.path, picked.card
    with tempfile.TemporaryDirectory() as aside:
        tier_file = Path(aside) / "tier.toml"
        deploy(
            model=model,
            engine=wanted.engine,
            gpu=None if wanted.gpu is None else [wanted.gpu],
            context=context,
            served_name=wanted.served_name,
            tier_id=wanted.tier_id,
            port=wanted.port,
            bind=wanted.bind,
            expose_lan=wanted.expose_lan,
            disable_thinking=wanted.disable_thinking,
            model_facts=card,
            out=folder / "docker-compose.yml",
            manifest_out=folder / "serves.toml",
            tier_out=tier_file,
            force=force,
            as_json=as_json,
        )
        tier = tier_file.read_text(encoding="utf-8")
    ids = [each.id for each in loads(tier, name="the tier").router.tiers]
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    # Not a free port: the engine that will run is not there yet, and takes another one.
    text = framed(f"{tier.strip()}\n\n", ids, port=8000, date=today, mode=mode)
    backup = write_file(path, text.encode(), existing="back_up" if force else "refuse")
    if backup is not None:
        talk(printable(f"kept what was there as {backup}"))
    talk(printable(f"wrote {path}; when the model runs: anvil-serving serve --config {shlex.quote(str(path))}"))
