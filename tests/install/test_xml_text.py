"""XML with places, read against the standard library's own reader."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.xml_text import parse_xml, xml_text
from tests.install.examples import lines

TEXT = (
    '<?xml version="1.0"?>\n<!DOCTYPE a>\n<a xmlns="urn:x" xmlns:c="urn:c">\n<b c:type="list"> x <d/>y</b>\n<é/></a>\n'
)


def test_names_namespaces_texts_and_places() -> None:
    root = parse_xml(TEXT).root
    assert root is not None
    assert (root.namespace, root.name, root.line) == ("urn:x", "a", 3)
    b = root.find("b")
    assert b is not None
    assert (b.attributes, b.line, b.text) == ({"urn:c type": "list"}, 4, " x y")
    assert root.value("b") == "x y"
    assert root.find("b", "d") is not None
    assert root.find("b", "nothing", "d") is None
    data = TEXT.encode()
    assert data[b.start_byte :].startswith(b"<b c:type")
    assert data[b.end_byte :].startswith(b"</b>")
    accent = root.find("é")
    assert accent is not None
    assert data[accent.start_byte :].startswith("<é/>".encode())
    assert data[root.end_byte :] == b"</a>\n"


def test_another_declared_encoding_does_not_matter_to_a_text() -> None:
    root = parse_xml('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>').root
    assert root is not None
    assert root.text == "é"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("<a>\n<b></a>", 2, "closed under another name"),
        ("<a>x & y</a>", 1, "&amp;"),
        ("\n<?xml version='1.0'?><a/>", 2, "very first thing"),
        ("<a>", 1, "before its last element"),
        ("<a/><b/>", 1, "follows the closing tag"),
        ("<a c:type='x'/>", 1, "declare the prefix"),
    ],
)
def test_what_is_no_xml_is_said_with_its_line(text: str, line: int, said: str) -> None:
    (finding,) = parse_xml(text).findings
    assert finding.line == line
    assert said in finding.fix


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;">]><a>&m;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "<a>" * 100 + "</a>" * 100,
        "<a>\ud800</a>",
        "<a>" + "<b/>" * 50_001 + "</a>",
    ],
)
def test_bombs_and_files_of_others_are_refused(text: str) -> None:
    assert parse_xml(text).root is None


@given(lines)
def test_a_text_stays_what_it_is(text: str) -> None:
    written = f"<a><b>{xml_text(text)}</b></a>"
    root = parse_xml(written).root
    assert root is not None
    assert [(child.name, child.text) for child in root.children] == [("b", text)]
    assert ElementTree.fromstring(written).findtext("b") == text


@given(
    st.text(max_size=100) | st.lists(st.sampled_from([*'<>/a="&; ', "<a>", "</a>", "<!--", "<![CDATA["])).map("".join)
)
def test_no_text_makes_it_fail(text: str) -> None:
    parse_xml(text)
