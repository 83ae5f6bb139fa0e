"""XML with lines and places, by Expat; entities are refused, so that ten lines cannot stand for ten gigabytes."""

from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from bootbeam.install.document import MAX_DEPTH, MAX_NODES, check_size
from bootbeam.install.finding import Finding, problem


@dataclass(slots=True)
class Element:
    """One element and what is in it."""

    namespace: str
    name: str
    """Without its prefix."""
    attributes: dict[str, str]
    """By "name", or "namespace name" where there is one."""
    line: int
    start_byte: int
    """Of its start tag, in the text's UTF-8."""
    end_byte: int = 0
    """Of its end tag; of no meaning when it has none, being one tag that ends in ``/>``."""
    children: "list[Element]" = field(default_factory=list)
    text: str = ""
    """All character data directly in it."""

    def find(self, *names: str) -> "Element | None":
        """The first child of each name, one in the other; None when it is not there."""
        element: Element | None = self
        for name in names:
            element = next((child for child in element.children if child.name == name), None) if element else None
        return element

    def find_all(self, name: str) -> "list[Element]":
        """All children of this name."""
        return [child for child in self.children if child.name == name]

    def value(self, *names: str) -> str:
        """The text of the element at this path, trimmed; "" when there is none."""
        element = self.find(*names)
        return element.text.strip() if element else ""


@dataclass(frozen=True, slots=True)
class ParsedXml:
    """An XML text that was read, or why it was not."""

    root: Element | None
    findings: tuple[Finding, ...] = ()


class _Refused(Exception):
    pass


def parse_xml(text: str) -> ParsedXml:
    """The document in ``text``."""
    too_large = check_size(text)
    if too_large:
        return ParsedXml(None, (too_large,))
    builder = _Builder()
    try:
        builder.parser.Parse(text, True)
    except expat.ExpatError as error:
        return ParsedXml(None, (_syntax_finding(error),))
    except (_Refused, ValueError) as error:
        line = builder.parser.CurrentLineNumber
        return ParsedXml(None, (problem(line, "this XML is not read", str(error)),))
    return ParsedXml(builder.root)


def xml_text(text: str) -> str:
    """``text`` as character data between two tags."""
    return escape(text, {"\r": "&#13;"})


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._left = MAX_NODES
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._entity

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._left -= 1
        if self._left < 0 or len(self._open) > MAX_DEPTH:
            raise _Refused(f"more than {MAX_NODES} elements, or nested deeper than {MAX_DEPTH}")
        namespace, _, local = name.rpartition(" ")
        element = Element(namespace, local, attributes, self.parser.CurrentLineNumber, self.parser.CurrentByteIndex)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop().end_byte = self.parser.CurrentByteIndex

    def _characters(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def _entity(self, name: str, *_rest: object) -> None:
        raise _Refused(f"it declares an entity ({name}), which no installer needs; write the text itself")


_FIXES = {
    "not well-formed (invalid token)": "write & as &amp; and < as &lt; in texts; look for a quote that is not closed",
    "mismatched tag": "an element is closed under another name than it was opened, or not at all",
    "no element found": "the file ends before its last element is closed",
    "XML or text declaration not at start of entity": "<?xml ...?> has to be the very first thing in the file",
    "unbound prefix": 'declare the prefix at the root element: xmlns:PREFIX="..."',
    "junk after document element": "remove what follows the closing tag of the root element",
}


def _syntax_finding(error: expat.ExpatError) -> Finding:
    said = expat.ErrorString(error.code)
    return problem(error.lineno, "this is not XML", said, _FIXES.get(said, ""))
