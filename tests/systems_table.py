"""The table in docs/systems.md, from the recipes and the layouts they were tested on.

Rewrite it with: .venv/bin/python -m tests.systems_table
"""

from collections.abc import Sequence
from pathlib import Path

from bootbeam.boot.matched import Boot, Match
from bootbeam.boot.recipe_match import match
from bootbeam.library.recipe_files import load_recipes
from bootbeam.machine import Firmware
from tests.image_listing import Layout, ListedEntry
from tests.layouts.every import LAYOUTS

PAGE = Path(__file__).parents[1] / "docs" / "systems.md"
BEGIN, END = "<!-- table: python -m tests.systems_table -->", "<!-- end of table -->"
HEADER = "| image | recognised as | boots on | how | memory | unattended | tried |\n|---|---|---|---|---|---|---|"


class CompleteStation:
    """A station's computer on which every package is installed."""

    volume_id = ""
    size_bytes = 0

    def find(self, path: str) -> ListedEntry:
        return ListedEntry(1, is_directory=path.rpartition("/")[2] not in ("linux", "initrd.gz", "wimboot"))

    def list(self, path: str) -> Sequence[str]:
        return ()

    def read(self, path: str, max_bytes: int) -> bytes | None:
        return None


def render() -> str:
    recipes = load_recipes()
    lines = [HEADER]
    for layout in LAYOUTS:
        alone = match(layout.image(), recipes)
        found = match(layout.image(), recipes, CompleteStation())
        assert alone is not None
        assert found is not None
        lines.append(_row(layout, found, is_enough=not alone.why_not))
    return "\n".join(lines)


def page_with(table: str, page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}"


def _row(layout: Layout, found: Match, is_enough: bool) -> str:
    boots = [boot for boot in found.boots if not boot.is_on_request]
    firmware = [one.value for one in (Firmware.BIOS, Firmware.UEFI) if found.boot_for(one)]
    tried = "layout only" if found.recipe.layout_only else "booted"
    cells = (
        f"`{layout.name}`" if layout.name.endswith(".iso") else layout.name,
        f"{found.title}: `{found.family}`",
        ", ".join(firmware) or "-",
        _how(found, boots, is_enough),
        _memory(boots),
        ", ".join(found.unattended_formats) or "-",
        tried,
    )
    return f"| {' | '.join(cells)} |"


def _how(found: Match, boots: list[Boot], is_enough: bool) -> str:
    if not boots:
        return "not from this image alone"
    others = [boot.name for boot in found.boots if boot.is_on_request]
    words = boots[0].title if is_enough else f"with files beside it: {boots[0].title}"
    return f"{words}; on request: {', '.join(dict.fromkeys(others))}" if others else words


def _memory(boots: list[Boot]) -> str:
    if not boots or boots[0].ram_mb is None:
        return "-"
    return f"{boots[0].ram_mb / 1024:.1f} GB"


if __name__ == "__main__":
    PAGE.write_text(page_with(render(), PAGE.read_text("utf-8")), "utf-8")
