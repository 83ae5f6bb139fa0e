"""What must not leave this computer with a bug report: passwords, keys, tokens, names of people."""

import re
from collections.abc import Mapping
from dataclasses import replace

from bootbeam.journal.events import Event, Fact
from bootbeam.journal.summary import Summary

MARK = "***"
_SECRET_WORDS = (
    r"pass(?:word|wd|phrase)?|pw|pwd|token|secret|psk|wep|wpa|signature|auth|credentials?"
    r"|key(?!map|board|table|-?layout)"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A private key in its wrapping, and what follows its beginning when it is cut off.
    (re.compile(r"-----BEGIN [A-Z ]*KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL), f"{MARK} (a key)"),
    (
        re.compile(r"\b(ssh-[a-z0-9-]+|ecdsa-[a-z0-9-]+|sk-[a-z0-9@.-]+) AAAA[A-Za-z0-9+/=]+(?: \S+@\S+)?"),
        rf"\1 {MARK}",
    ),
    # crypt(5): $id$salt$hash
    (re.compile(r"\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|argon2[a-z]*)\$[^\s\"',;]+"), MARK),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {MARK}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,2}"), MARK),
    # dracut's netroot=iscsi:NAME:PASSWORD@SERVER
    (re.compile(r"\b(iscsi:)[^\s@/\"']+@", re.IGNORECASE), rf"\1{MARK}@"),
    (re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*+://)[^/\s@\"']+@", re.IGNORECASE), rf"\1{MARK}@"),
    (
        # Without a way back (possessive), so that no text takes long.
        re.compile(
            rf"(?<![\w.-])((?=[\w.-]*?(?:{_SECRET_WORDS}))[\w.-]++[\"']?+\s*+[=:]\s*+)"
            r"(\"[^\"]*\"|'[^']*'|[^\s&;,\"']+)",
            re.IGNORECASE,
        ),
        rf"\1{MARK}",
    ),
    (re.compile(r"(?<![\w.])/(?:home|Users)/[^/\s\"':]+|(?<![\w/.-])/root(?=/|\b)"), "~"),
)


def redact(text: str) -> str:
    """``text`` with such things replaced by ``***``, and directories of a person by ``~``."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact_facts(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Each text among them redacted."""
    return {name: redact(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}


def redact_event(event: Event) -> Event:
    """The event with its facts redacted."""
    return replace(event, facts=redact_facts(event.facts))


def redact_summary(summary: Summary) -> Summary:
    """The summary with what was given to boot and the last sign redacted."""
    return replace(summary, image=redact(summary.image), last_sign=redact(summary.last_sign))
