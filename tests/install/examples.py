"""A machine, a station, a person's short form, and texts that break out of files that quote badly."""

import base64
import struct

from hypothesis import strategies as st

from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.short_form import ShortForm, parse_short_form

SALT = "pepperandsalt"
REPORT_URL = "http://192.168.1.50:8080/report/52-54-00-12-34-56/"
MACHINE = MachineFacts(
    mac="52:54:00:12:34:56",
    uuid="11111111-2222-3333-4444-555555555555",
    serial="PF2ABC12",
    ip="192.168.1.77",
)
STATION = StationFacts(report_url=REPORT_URL)
QUIET_STATION = StationFacts()
HASH = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
"""Of "Hello world!"; from the specification of SHA-512-crypt."""


def public_key(comment: str, filling: bytes = b"k") -> str:
    """A line of a .pub file whose bytes are a key's (RFC 4253 §6.6), though nobody has the private one."""
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", filling * 32))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}"


KEY = public_key("ann@desk")


def short_form(text: str = "", user: str = "ann") -> ShortForm:
    """A short form with a user and a key, and more lines of TOML."""
    return parse_short_form(f'user = "{user}"\nssh-keys = ["{KEY}"]\n{text}', SALT)


WICKED = (
    "'; reboot; '",
    '"; reboot; "',
    "$(reboot) `reboot` ${PATH}",
    "</authorized_key><script>x</script>",
    "]]>&lt;&amp;",
    "%end",
    "\\",
    '\\"',
    "# not a comment",
    "a: b, {c: d} [e] - !!x &y *z | > %@`",
    "no",
    "1:20",
    "{{ mac }} {% raw %}",
    "\u00e9\u4e16\U0001f600",
    "%s %n $0 $INSTANCE_ID",
)

_ONE_LINE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufffe\uffff")
lines = st.text(_ONE_LINE, min_size=1, max_size=60).filter(lambda text: bool(text.strip())) | st.sampled_from(WICKED)
"""Whatever a person can write in one line."""
full_names = lines.map(lambda text: "".join(c for c in text if c not in ':,="\\')).filter(
    lambda text: bool(text.strip())
)
