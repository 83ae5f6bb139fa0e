"""What routers and DHCPv6 servers of a link mean for machines that boot over IPv6."""

from collections.abc import Iterator

from bootbeam.doctor.asking import Answer6, Link
from bootbeam.doctor.finding import Finding, ok, warning
from bootbeam.errors import DecodeError
from bootbeam.wire.dhcp6 import MessageType, OptionCode
from bootbeam.wire.dhcp6_options import decode_ia_na

AREA = "IPv6"
_MAX_SHOWN_CHARACTERS = 120


def check_ipv6(link: Link) -> list[Finding]:
    """What IPv6 is like on one link; nothing when it could not be asked."""
    if link.trouble:
        return []
    advertised = [answer for answer in link.answers6 if answer.message.message_type == MessageType.ADVERTISE]
    found = [*_boot_files(link, advertised)]
    return found or [ok(AREA, _words(link, advertised))]


def _boot_files(link: Link, advertised: list[Answer6]) -> Iterator[Finding]:
    for source in dict.fromkeys(answer.source for answer in advertised):
        urls = [url for answer in advertised if answer.source == source and (url := _boot_file(answer))]
        if urls:
            yield warning(
                AREA,
                f"another server tells machines on {link.interface.name} what to boot over IPv6: {source}, "
                f"with {urls[0]}",
                "a machine that boots over IPv6 takes whichever answer is first",
                f"stop it, or clear its boot file URL (option 59); who it is: ip -6 neigh show {source}",
            )


def _words(link: Link, advertised: list[Answer6]) -> str:
    name = link.interface.name
    own = any(not address.is_link_local for address in link.interface.addresses6)
    gives = [answer for answer in advertised if _gives_address(answer)]
    if not link.routers and not advertised:
        here = "; bootbeam gives machines addresses in its own network" if own else ": machines boot over IPv4"
        return f"no router announces IPv6 on {name}{here}"
    routers = ", ".join(link.routers) or "no router"
    flags = {
        flag for each in link.routers.values() for flag in (each.is_managed and "M", each.has_other and "O") if flag
    }
    said = f" (flags {' '.join(sorted(flags))})" if flags else ""
    source = f"{gives[0].source} gives addresses by DHCPv6" if gives else "no DHCPv6 server gives addresses"
    if not own:
        return f"{routers} announces IPv6 on {name}{said}, but this computer has no address from it: boots go over IPv4"
    then = "" if gives else ": bootbeam gives a booting machine the one it would make for itself"
    return f"{routers} announces IPv6 on {name}{said}; {source}{then}"


def _gives_address(answer: Answer6) -> bool:
    try:
        return any(decode_ia_na(value).addresses for code, value in answer.message.options if code == OptionCode.IA_NA)
    except DecodeError:
        return False


def _boot_file(answer: Answer6) -> str:
    value = answer.message.option(OptionCode.BOOTFILE_URL) or b""
    shown = value.decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in shown)[:_MAX_SHOWN_CHARACTERS]
