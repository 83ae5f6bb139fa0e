"""All layouts."""

from tests.image_listing import Layout
from tests.layouts import arch, debian, fedora, others, suse, ubuntu

LAYOUTS: tuple[Layout, ...] = (
    *ubuntu.LAYOUTS,
    *debian.LAYOUTS,
    *fedora.LAYOUTS,
    *suse.LAYOUTS,
    *arch.LAYOUTS,
    *others.LAYOUTS,
)
