"""The station's DHCPv6 answers, option by option. Which client gets which is argued in docs/how-it-boots.md.

    client            beside a server that gives addresses    where nobody gives any
    UEFI PXE          59, 16 PXEClient; then port 4011        59, 3 with an address
    UEFI HTTP boot    59, 16 HTTPClient                       59, 16 HTTPClient, 3 with an address
    iPXE              59, 3 with an address: it knows no proxies over IPv6

Every answer has the client's identifier (1) and ours (2).
"""

from ipaddress import IPv6Address

from bootbeam.pxe.actions import BootFile, BootFileKind
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.wire.dhcp6 import Dhcp6Message, MessageType, OptionCode, Options
from bootbeam.wire.dhcp6_options import (
    INTEL_ENTERPRISE,
    IaAddress,
    IaNa,
    StatusCode,
    VendorClass,
    decode_ia_na,
    encode_ia_na,
    encode_status_code,
    encode_vendor_class,
)
from bootbeam.wire.pxe_options import HTTP_CLIENT, PXE_CLIENT
from bootbeam.wire.url import url_host

PREFERRED_S = 3600
VALID_S = 7200
"""Lifetimes of an address we give: a boot takes minutes, and the system that was booted asks for itself."""
RENEW_S = PREFERRED_S // 2
REBIND_S = PREFERRED_S * 4 // 5
"""T1 and T2: half and four fifths of the preferred lifetime (RFC 8415 §21.4)."""


def boot_file_url(boot_file: BootFile, server: IPv6Address) -> str:
    """The boot file as option 59 names it: DHCPv6 has no next server, so a loader's path becomes a URL (RFC 5970 §3.1).

    edk2 and shim want the address in brackets.
    """
    if boot_file.kind is BootFileKind.LOADER:
        return f"tftp://{url_host(str(server))}/{boot_file.file}"
    return boot_file.file


def build_answer(
    request: Dhcp6Message,
    server_duid: bytes,
    message_type: MessageType,
    options: Options = (),
) -> Dhcp6Message:
    """The answer to ``request``, back through the relays it came by."""
    answer: list[tuple[int, bytes]] = []
    client_identifier = request.option(OptionCode.CLIENT_IDENTIFIER)
    if client_identifier is not None:
        answer.append((OptionCode.CLIENT_IDENTIFIER, client_identifier))
    answer.append((OptionCode.SERVER_IDENTIFIER, server_duid))
    return Dhcp6Message(message_type, request.transaction_id, (*answer, *options), request.relays)


def boot_options(client: ClientInfo, boot_file: BootFile, server: IPv6Address, *, is_proxy: bool) -> Options:
    """Options 59 and 16 for this client.

    Args:
        client: who gets them.
        boot_file: what it is to load.
        server: our address for it.
        is_proxy: the address comes from somebody else.
    """
    url = (OptionCode.BOOTFILE_URL, boot_file_url(boot_file, server).encode("ascii"))
    text = _vendor_class(client, is_proxy)
    if not text:
        return (url,)
    # Quirk: edk2: HTTP boot reads the URL up to a NUL, past the option's end; the next option's code begins with one.
    return (url, (OptionCode.VENDOR_CLASS, encode_vendor_class(VendorClass(INTEL_ENTERPRISE, (text,)))))


def _vendor_class(client: ClientInfo, is_proxy: bool) -> bytes:
    """UEFI PXE takes ``PXEClient`` as an order to ask port 4011 once more, and takes an answer without an address for
    a proxy's only with it. UEFI HTTP boot takes no URL without ``HTTPClient``."""
    if client.kind is ClientKind.UEFI_HTTP:
        return HTTP_CLIENT
    return PXE_CLIENT if client.kind is ClientKind.UEFI_PXE and is_proxy else b""


def address_options(request: Dhcp6Message, address: IPv6Address | None) -> Options:
    """Option 3 for each identity association of ``request``: the first gets ``address``, nobody gets two.

    Raises:
        DecodeError: an identity association is broken.
    """
    options: list[tuple[int, bytes]] = []
    for code, value in request.options:
        if code != OptionCode.IA_NA:
            continue
        iaid = decode_ia_na(value).iaid
        if address is not None and not options:
            association = IaNa(iaid, RENEW_S, REBIND_S, (IaAddress(address, PREFERRED_S, VALID_S),))
        else:
            association = IaNa(iaid, status=StatusCode.NO_ADDRESSES_AVAILABLE)
        options.append((OptionCode.IA_NA, encode_ia_na(association)))
    return tuple(options)


def status_options(status: StatusCode) -> Options:
    """Option 13 at the message's own level."""
    return ((OptionCode.STATUS_CODE, encode_status_code(status)),)


def requested_addresses(request: Dhcp6Message) -> tuple[IPv6Address, ...]:
    """The addresses in all identity associations of ``request``.

    Raises:
        DecodeError: an identity association is broken.
    """
    associations = [decode_ia_na(value) for code, value in request.options if code == OptionCode.IA_NA]
    return tuple(each.address for association in associations for each in association.addresses)
