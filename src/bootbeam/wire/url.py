"""Addresses as they stand in URLs."""


def url_host(address: str) -> str:
    """``address`` as the host of a URL: IPv6 in brackets (RFC 3986 §3.2.2), without the zone of ``fe80::1%eth0``.

    A zone names an interface of this computer; the machine that reads the URL calls its own something else, and takes
    the one it is using when none is named.
    """
    host = address.partition("%")[0]
    return f"[{host}]" if ":" in host else host
