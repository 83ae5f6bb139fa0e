"""The exceptions of the house. Nothing else may leave the function that names one of these in its ``Raises``.

BootbeamError
├── DecodeError    bytes from the network are not what they should be; the only thing a decoder raises
├── ImageError     bytes of an image file are not what they should be; the only thing a format reader raises
└── UserError      something a person has to put right: what happened, why, and the next step
"""


class BootbeamError(Exception):
    """Base of every exception that bootbeam raises on purpose."""


class DecodeError(BootbeamError):
    """A datagram or request does not follow its specification.

    Args:
        what: which field is wrong and how, in words fit for a log line.
        offset: where in the datagram, in bytes from its start; None when no single place is to blame.
    """

    def __init__(self, what: str, offset: int | None = None) -> None:
        self.what = what
        self.offset = offset
        super().__init__(what if offset is None else f"{what} (at byte {offset})")


class ImageError(BootbeamError):
    """An image file's own structure is broken or contradicts itself."""


class UserError(BootbeamError):
    """Something a person has to put right.

    Args:
        what: what happened, one sentence without a full stop.
        why: the likely cause, or "" when ``what`` says it all.
        fix: the next step, as a command or line to type where there is one.
    """

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        self.what = printable(what)
        self.why = printable(why)
        self.fix = printable(fix)
        super().__init__(": ".join(part for part in (self.what, self.why) if part))


def printable(text: str) -> str:
    """``text`` as a terminal can show it: what is no character, which a file's name may hold, is written ``\\x1b``.

    Lines stay lines.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in "\n\u3000" else ascii(character)[1:-1]
        for character in text
    )
