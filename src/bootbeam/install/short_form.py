"""The short form: a few TOML lines from which the answers of every installer are rendered.

    user = "ann"
    password = "..."                  # or password-hash = "$6$...", or only ssh-keys
    ssh-keys = ["ssh-ed25519 AAAA... ann@desk"]
    disk = "auto"                     # or "/dev/nvme0n1", or { serial = "S4EW*" }, or { model = "..." }
    packages = ["git"]
    locale = "en_US.UTF-8"
    keyboard = "us"
    timezone = "Europe/Berlin"

Everything is checked here, once, so that no renderer meets a value that its format cannot carry.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bootbeam.errors import UserError
from bootbeam.install.crypt_hash import is_password_hash, sha512_crypt
from bootbeam.install.disk_choice import ANY_DISK, PATH, PATTERN, DiskChoice
from bootbeam.install.document import Node
from bootbeam.install.facts import HOST_NAME, MachineFacts
from bootbeam.install.finding import nearest, shown
from bootbeam.install.toml_text import parse_toml

MAX_PASSWORD_CHARACTERS = 256
MAX_FULL_NAME_CHARACTERS = 128
MAX_SSH_KEYS = 64
MAX_SSH_KEYS_BYTES = 32 * 1024
"""All keys together: some installers take them within one kernel argument of 128 KiB, in Base64."""
MAX_PACKAGES = 500

_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PACKAGE = re.compile(r"[A-Za-z0-9@][A-Za-z0-9.+:~_^@=-]{0,127}")
_LOCALE = re.compile(r"(C|POSIX|[a-z]{2,3}(_[A-Z]{2})?)(\.[A-Za-z0-9-]{1,16})?(@[a-z]{1,16})?")
_KEYBOARD = re.compile(r"[a-z]{2,12}")
_TIMEZONE = re.compile(r"[A-Za-z]{1,32}([/_+-][A-Za-z0-9]{1,32}){0,6}")
_SSH_KEY = re.compile(
    r"(?:^|\s)(ssh-rsa|ssh-dss|ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r"\s+(AAAA[0-9A-Za-z+/]+={0,2})(?:\s|$)"
)
# Nothing that ends a line to any reader, and nothing that XML 1.0 §2.2 leaves out.
_UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NONCHARACTERS = frozenset("\ufffe\uffff")


@dataclass(frozen=True, slots=True)
class ShortForm:
    """What a person wants of the installed system; made by ``parse_short_form``, which checks it."""

    user: str
    hostname: str = ""
    """With or without its domain; "": the machine's own, see ``host_name``."""
    full_name: str = ""
    password_hash: str = ""
    """As in /etc/shadow; "": no password, the SSH keys alone let the person in."""
    password_clear: str = field(default="", repr=False)
    """Only for Windows, which takes no hash; "" when the hash was given."""
    ssh_keys: tuple[str, ...] = ()
    disk: DiskChoice = ANY_DISK
    packages: tuple[str, ...] = ()
    locale: str = "en_US.UTF-8"
    keyboard: str = "us"
    """The layout's name in X11: "us", "gb", "de", "jp"."""
    timezone: str = "Etc/UTC"

    @property
    def language_and_country(self) -> tuple[str, str]:
        """("en", "US") of the locale; the country is "" where the locale names none."""
        name = self.locale.partition(".")[0].partition("@")[0]
        language, _, country = name.partition("_")
        return ("en", "") if language in ("C", "POSIX") else (language, country)


def parse_short_form(text: str, salt: str) -> ShortForm:
    """The short form in ``text``.

    Args:
        text: TOML.
        salt: for the hash of a password given in clear: 1 to 16 random characters of ``./0-9A-Za-z``.

    Raises:
        UserError: it is not TOML, a key is unknown, or a value will not do; says which, and in which line.
    """
    parsed = parse_toml(text)
    if parsed.root is None or not isinstance(parsed.root.value, dict):
        finding = parsed.findings[0]
        raise UserError(f"the short form cannot be read, {finding.where}".rstrip(", "), finding.why, finding.fix)
    values: dict[str, Any] = {}
    for key, node in parsed.root.value.items():
        line = parsed.root.key_lines[key]
        if key not in _FIELDS:
            raise _unknown_key(key, line)
        name, read = _FIELDS[key]
        try:
            values[name] = read(node)
        except ValueError as error:
            raise UserError(f"{key} in line {line} of the short form will not do", str(error)) from error
    return _completed(values, salt)


def host_name(answers: ShortForm, machine: MachineFacts) -> str:
    """The name the machine gets: the one asked for, else the one it has, else one made of its MAC address."""
    made = f"pc-{machine.mac.replace(':', '')}" if machine.mac else "pc"
    return (answers.hostname or machine.hostname or made).lower()


def _completed(values: dict[str, Any], salt: str) -> ShortForm:
    fix = 'write for example user = "ann" and password = "..." or ssh-keys = ["..."]'
    if "user" not in values:
        raise UserError("the short form names no user", "nobody could log in to the installed system", fix)
    if not values.get("password_clear") and not values.get("password_hash") and not values.get("ssh_keys"):
        raise UserError(
            "the short form has neither a password nor an SSH key", "nobody could log in to the installed system", fix
        )
    if "password_clear" in values and "password_hash" in values:
        raise UserError("the short form has both password and password-hash", "", "leave one of them")
    clear = values.get("password_clear")
    if isinstance(clear, str):
        values["password_hash"] = sha512_crypt(clear, salt)
    return ShortForm(**values)


def _unknown_key(key: str, line: int) -> UserError:
    meant = nearest(key, _FIELDS)
    return UserError(
        f"the short form has no {shown(key)} (line {line})",
        f"its keys are {', '.join(_FIELDS)}",
        f"did you mean {meant}?" if meant else "leave it out",
    )


def _text(node: Node) -> str:
    if not isinstance(node.value, str):
        raise ValueError('it should be a text in quotes, "..."')
    bad = {c for c in node.value if unicodedata.category(c) in _UNPRINTABLE_CATEGORIES or c in _NONCHARACTERS}
    if bad:
        raise ValueError("it has a line break or a control character in it")
    if not node.value.strip():
        raise ValueError("it is empty")
    return node.value


def _texts(node: Node, limit: int) -> tuple[str, ...]:
    if not isinstance(node.value, list):
        raise ValueError('it should be a list of texts, ["...", "..."]')
    if len(node.value) > limit:
        raise ValueError(f"it has more than {limit} entries")
    return tuple(_text(item) for item in node.value)


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[Node], str]:
    def read(node: Node) -> str:
        text = _text(node)
        if not pattern.fullmatch(text):
            raise ValueError(f"{shown(text)} is not {wanted}")
        return text

    return read


def _full_name(node: Node) -> str:
    text = _text(node)
    if set(text) & set(':,="\\') or len(text) > MAX_FULL_NAME_CHARACTERS:
        raise ValueError(
            f'/etc/passwd holds no : , = " \\ in it, and here at most {MAX_FULL_NAME_CHARACTERS} characters'
        )
    return text


def _password(node: Node) -> str:
    text = _text(node)
    if is_password_hash(text):
        raise ValueError("it is a hash already: write password-hash = instead")
    if len(text) > MAX_PASSWORD_CHARACTERS:
        raise ValueError(f"it is longer than {MAX_PASSWORD_CHARACTERS} characters")
    return text


def _password_hash(node: Node) -> str:
    text = _text(node)
    if not is_password_hash(text):
        raise ValueError("it is no hash as /etc/shadow holds it; make one with: openssl passwd -6")
    return text


def _ssh_keys(node: Node) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in _texts(node, MAX_SSH_KEYS))
    if sum(len(key.encode()) for key in keys) > MAX_SSH_KEYS_BYTES:
        raise ValueError(f"all keys together are longer than {MAX_SSH_KEYS_BYTES} bytes")
    for key in keys:
        if "PRIVATE KEY" in key:
            raise ValueError("it is a private key; the public one is in the file ending in .pub")
        found = _SSH_KEY.search(key)
        if not found:
            raise ValueError(f"{shown(key)} is no line of a .pub file (ssh-ed25519 AAAA... name)")
        if not _names_its_kind(found.group(1), found.group(2)):
            raise ValueError(f"{shown(key)} is damaged: a part of it is missing")
    return keys


def _names_its_kind(kind: str, encoded: str) -> bool:
    """Whether the key's own bytes begin with its kind (RFC 4253 §6.6) and it was not cut."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    fields, position = [], 0
    while position + 4 <= len(blob):
        length = int.from_bytes(blob[position : position + 4], "big")
        fields.append(blob[position + 4 : position + 4 + length])
        position += 4 + length
    return position == len(blob) and len(fields) > 1 and fields[0] == kind.encode()


def _packages(node: Node) -> tuple[str, ...]:
    packages = _texts(node, MAX_PACKAGES)
    for package in packages:
        if not _PACKAGE.fullmatch(package):
            raise ValueError(f"{shown(package)} is not the name of a package")
    return packages


def _disk(node: Node) -> DiskChoice:
    if isinstance(node.value, dict):
        unknown = next((key for key in node.value if key not in ("path", "serial", "model")), None)
        if unknown or not node.value:
            raise ValueError("a disk is described by path, serial or model")
        path = _matching(PATH, "a device like /dev/sda")(node.value["path"]) if "path" in node.value else ""
        read = _matching(PATTERN, "what a disk's label says (letters, digits, * and ?)")
        serial, model = (read(node.value[key]) if key in node.value else "" for key in ("serial", "model"))
        if path and (serial or model):
            raise ValueError("a path names the disk already; leave out serial and model")
        return DiskChoice(path, serial, model)
    text = _text(node)
    if text == "auto":
        return ANY_DISK
    if not PATH.fullmatch(text):
        raise ValueError(f'{shown(text)} is neither "auto", nor a device like /dev/sda, nor {{ serial = "..." }}')
    return DiskChoice(path=text)


_FIELDS: dict[str, tuple[str, Callable[[Node], object]]] = {
    "hostname": ("hostname", _matching(HOST_NAME, "a host name (letters, digits and -)")),
    "user": ("user", _matching(_USER, "a user name (a to z, digits, _ and -, at most 32)")),
    "full-name": ("full_name", _full_name),
    "password": ("password_clear", _password),
    "password-hash": ("password_hash", _password_hash),
    "ssh-keys": ("ssh_keys", _ssh_keys),
    "disk": ("disk", _disk),
    "packages": ("packages", _packages),
    "locale": ("locale", _matching(_LOCALE, "a locale like en_US.UTF-8")),
    "keyboard": ("keyboard", _matching(_KEYBOARD, "a keyboard layout like us, gb, de or jp")),
    "timezone": ("timezone", _matching(_TIMEZONE, "a time zone like Europe/Berlin or Etc/UTC")),
}
