"""What `deploy` has decided and written, as one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from anvil_serving.substrate.manifest import serve_text

from .engine_command import arguments
from .memory import CacheKind, MemoryPlan

if TYPE_CHECKING:
    from anvil_serving.config import Serve

    from .deployment import Deployment
    from .files import Written

__all__ = ["DeploymentReport", "report_of"]


class DeploymentReport(Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    name: str
    served_name: str
    engine: str
    engine_version: str
    family: str | None
    image: str
    arguments: tuple[str, ...]
    container: str
    host: str
    port: int
    gpus: tuple[str, ...]
    context_tokens: int
    sequences: int
    running: int
    cache: CacheKind
    memory: MemoryPlan | None
    caveats: tuple[str, ...]
    warnings: tuple[str, ...]
    compose_path: str
    compose: str
    """The file's text."""
    checked_by_docker: bool
    manifest_path: str | None
    manifest_entry: str
    tier: str
    backup_paths: tuple[str, ...]
    dry_run: bool


def report_of(  # noqa: PLR0913 - everything that is in it
    deployment: Deployment, compose: str, serve: Serve, tier: str, written: Written, *, checked: bool, dry_run: bool
) -> DeploymentReport:
    """The report of a deployment."""
    return DeploymentReport(
        name=deployment.name,
        served_name=deployment.served_name,
        engine=deployment.engine.name,
        engine_version=deployment.engine.version,
        family=deployment.model.family.name if deployment.model.family else None,
        image=deployment.image,
        arguments=arguments(deployment),
        container=deployment.container,
        host=deployment.host,
        port=deployment.port,
        gpus=deployment.target.ids,
        context_tokens=deployment.context_tokens,
        sequences=deployment.sequences,
        running=deployment.running,
        cache=deployment.cache,
        memory=deployment.memory,
        caveats=deployment.caveats,
        warnings=deployment.warnings,
        compose_path=str(written.compose),
        compose=compose,
        checked_by_docker=checked,
        manifest_path=None if written.manifest is None else str(written.manifest),
        manifest_entry=serve_text(serve),
        tier=tier,
        backup_paths=tuple(str(path) for path in written.backups),
        dry_run=dry_run,
    )
