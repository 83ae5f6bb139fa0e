"""docs/troubleshooting.md is made from the rules."""

import re
from pathlib import Path

from bootbeam.journal.verdict.page import render_page
from bootbeam.journal.verdict.rules import RULES

PAGE = Path(__file__).parents[3] / "docs" / "troubleshooting.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == render_page(), "write it anew: make docs"


def test_every_finding_has_a_section_and_every_link_leads_to_one() -> None:
    page = render_page()
    anchors = re.findall(r'<a id="(bb-\d{3})">', page)
    assert anchors == sorted(rule.id.lower() for rule in RULES)
    assert set(re.findall(r"\(#(bb-\d{3})\)", page)) <= set(anchors)
    assert page.count("```") % 2 == 0
    assert "{" not in re.sub(r"\[ \{.*?\} \]", "", page)


def test_what_its_commands_fetch_are_whole_addresses() -> None:
    fetched = re.findall(r"^(?:curl|wget) .*?(\S+)$", render_page(), re.MULTILINE)
    assert len(fetched) >= 5
    assert [each for each in fetched if not each.startswith("http://192.168.1.50:8080/")] == []
