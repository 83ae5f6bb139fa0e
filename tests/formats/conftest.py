"""Disc images that several files test on, each written once."""

from pathlib import Path

import pytest

from tests.formats import disc_images


@pytest.fixture(scope="session")
def plain_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files and directories without symlinks."""
    return disc_images.make_tree(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with symlinks."""
    return disc_images.add_symlinks(disc_images.make_tree(tmp_path_factory.mktemp("linked")))


@pytest.fixture(scope="session")
def large_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of more than 4 GiB, nearly all of it a hole, and a small one."""
    return disc_images.large_file_tree(tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="session")
def rock_ridge_image(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By xorriso: Rock Ridge and Joliet."""
    image = tmp_path_factory.mktemp("image") / "rock-ridge.iso"
    return disc_images.xorriso_image(image, source, "-V", "Rock Ridge disc", "-r", "-J", "-joliet-long")


@pytest.fixture(scope="session")
def bridge_image(plain_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By genisoimage: UDF and Joliet, no Rock Ridge, as on an installation disc of Windows."""
    image = tmp_path_factory.mktemp("image") / "bridge.iso"
    options = ("-V", "BRIDGE_DISC", "-udf", "-J", "-joliet-long", "-D", "-input-charset", "utf-8")
    return disc_images.genisoimage(image, plain_source, *options)
