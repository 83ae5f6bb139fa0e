"""Boots that are broken on purpose: the station must name the cause, and name it first."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.fault_lab import FaultLab
from tests.firmware.conftest import fetched_loaders

__all__ = ["fault", "fetched_loaders"]


@pytest.fixture
def fault(tmp_path: Path, record_property: Callable[[str, object], None]) -> Iterator[FaultLab]:
    """A lab to break something in."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with FaultLab(logs, record_property) as lab:
        yield lab
