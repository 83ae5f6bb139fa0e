"""The names in X.509 certificates, as they stand in DER: who signed a program, whose signatures a shim accepts.

A common name is the object identifier 2.5.4.3 and a string behind it (RFC 5280 §4.1.2.4, X.690 §8.19). It is found
without taking the certificates apart. Nothing is verified: names explain to people what firmware and shim decide.
"""

import re

MAX_NAMES = 32
_COMMON_NAME = re.compile(rb"\x06\x03\x55\x04\x03[\x0c\x13\x14\x16]([\x01-\x40])", re.DOTALL)
"""UTF8String, PrintableString, TeletexString, IA5String; at most 64 characters (RFC 5280, ub-common-name)."""


def names_in(data: bytes) -> tuple[str, ...]:
    """The common names of the certificates in ``data``, in order, each once; the first is mostly who vouches."""
    names: dict[str, None] = {}
    for match in _COMMON_NAME.finditer(data):
        raw = data[match.end() : match.end() + match[1][0]]
        name = raw.decode("utf-8", "replace").strip()
        if len(raw) == match[1][0] and name and name.isprintable():
            names[name] = None
        if len(names) == MAX_NAMES:
            break
    return tuple(names)
