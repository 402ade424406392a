"""Whether something other than wrangler deploys the Workers of a project, and so declares their bindings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgelint.project.project import Project

_WORKERS = re.compile(
    rb"cloudflare_(?:worker|workers|pages)|cloudflare\.(?:Worker|Pages|Kv|D1|Bucket)|\balchemy\b", re.IGNORECASE
)


def other_deployer(project: Project) -> str | None:
    """The file by which Terraform, SST, Alchemy or Pulumi deploys Workers of this project; None when wrangler does.

    What such a file declares is not read, so nothing can be said of bindings that a wrangler config lacks.
    """
    from edgelint.project.project import read_bytes

    for path in project.discovered.deployers:
        data = read_bytes(project.root, path)
        if data is not None and (_WORKERS.search(data) or path.endswith("Pulumi.yaml")):
            return path
    return None
