"""The versions of one file that can still be asked for: the newest, and the ones a boot may have begun with."""

from bootbeam.library.open_version import OpenVersion

MAX_KEPT_VERSIONS = 3
"""A boot that began before the last two rebuilds still gets its kernel and initrd from one build."""
MAX_KEPT_BYTES = 1 << 30
"""Of one file's versions together; the newest is kept whatever its size. Older large ones only hold disk space."""


class KeptVersions:
    """The newest versions, in order. Not safe to use from several threads by itself."""

    def __init__(self) -> None:
        self._versions: list[OpenVersion] = []

    @property
    def newest(self) -> OpenVersion | None:
        """The version taken last."""
        return self._versions[-1] if self._versions else None

    def find(self, version_id: str) -> OpenVersion | None:
        """The version with this id."""
        return next((version for version in self._versions if version.version_id == version_id), None)

    def add(self, version: OpenVersion) -> None:
        """Keep ``version`` as the newest; what there are too many of is retired."""
        kept = [other for other in self._versions if other.version_id != version.version_id] + [version]
        while len(kept) > MAX_KEPT_VERSIONS or (
            len(kept) > 1 and sum(other.size_bytes for other in kept) > MAX_KEPT_BYTES
        ):
            kept.pop(0)
        self._replace(kept)

    def drop(self, version: OpenVersion) -> None:
        """Forget ``version``."""
        self._replace([other for other in self._versions if other is not version])

    def clear(self) -> None:
        """Forget all."""
        self._replace([])

    def _replace(self, kept: list[OpenVersion]) -> None:
        for version in self._versions:
            if version not in kept:
                version.retire()
        self._versions = kept
