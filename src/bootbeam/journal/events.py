"""The vocabulary of the journal: one kind per step of a boot, one shape for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Fact = str | int | float | bool | None
"""What a fact may be: everything JSON has a scalar for."""


class EventKind(StrEnum):
    """A step of a boot, or something that happened to the station. The comment lists the facts it carries."""

    STATION_READY = "station-ready"
    """interfaces (name and address, comma separated), http_port, entries and loaders (a line each), page (its URL;
    None without one)"""
    STATION_STOPPED = "station-stopped"
    """reason"""
    CLIENT_SEEN = "client-seen"
    """kind_of_client, architecture (number), firmware (words), vendor_class, xid, secs, uuid, ip_version (4 or 6);
    ipxe_version for iPXE"""
    CLIENT_IGNORED = "client-ignored"
    """reason, fix"""
    OFFERED = "offered"
    """what ("loader", "script", "http-boot"), file, siaddr (our address); over IPv6 also address_offered, None where
    another server gives addresses or there is none to give, and has_address_server (whether another is known)"""
    ANSWER_NOT_SENT = "answer-not-sent"
    """This computer's own network did not take our answer to the machine: port (ours), why (the system's words)"""
    QUESTION_HELD_BACK = "question-held-back"
    """A machine's question was heard on this computer's network card, twice, and did not come to the station: port (67,
    4011 or 69)"""
    BOOT_SERVER_ACKNOWLEDGED = "boot-server-acknowledged"
    """A request to port 4011 was answered: what, file, siaddr"""
    BOOT_SERVER_ASKED = "boot-server-asked"
    """A question came to port 4011: xid, secs, source_port"""
    ADDRESS_REQUESTED = "address-requested"
    """The machine asked a DHCP server for an address, of which we hear because it is broadcast: address_requested,
    server (option 54; None when it names none), vendor_class, xid, secs, is_ipxe"""
    OTHER_SERVER_ANSWERED = "other-server-answered"
    """Somebody else's DHCP answer to this machine was heard: message ("offer", "ack", "nak", "advertise", "reply"),
    server (its address), server_mac, address_given (None for a proxy's), netmask, vendor_class (option 60), siaddr,
    server_name (option 66; None without it, and over IPv6 absent), file (the header's, else option 67),
    vendor_specific (option 43 in hex; None without it), port, xid. Answers to
    everybody are always heard, those addressed to one machine only where they pass this computer."""
    ADDRESS_SOUGHT = "address-sought"
    """The machine asks by ARP who has an address, told every ten seconds at most: address_sought, asker (its own
    address; None before it has one), is_ours"""
    ADDRESS_CLAIMED = "address-claimed"
    """Another computer has one of this computer's addresses too: address_claimed, claimer (its MAC)"""
    SYSTEM_SEEN = "system-seen"
    """What was booted asks for an address of its own: vendor_class, hostname"""
    ADDRESS_GIVEN = "address-given"
    """address_given: a machine that boots over IPv6 took the address offered to it"""
    FIRST_PROGRAM_CHANGED = "first-program-changed"
    """The machine came back without starting what it had loaded, and gets something else: remark, fix"""
    FIRST_PROGRAM_DOUBTFUL = "first-program-doubtful"
    """What the machine is offered may not do, for a reason that is known beforehand: remark, fix"""
    FIRST_PROGRAM_SILENT = "first-program-silent"
    """The machine has loaded a boot loader, and nothing is heard of that: file, fix"""
    READ_REQUESTED = "read-requested"
    """A TFTP read request came, or a copy of it from the same port, as our answer was not heard: transfer, file,
    source_port, asked and granted (options, "blksize=1468 tsize=0"), times (1 for the first)"""
    REPLY_VARIANT_CHANGED = "reply-variant-changed"
    """The machine's firmware did not go on with our answers, and gets them in another form: observed (what it did),
    before and variant (as ``--reply`` takes them), is_exhausted (all forms were tried, it begins again), fix"""
    REPLY_VARIANT_KEPT = "reply-variant-kept"
    """The machine's firmware went on with answers in an unusual form, which is remembered: variant"""
    TRANSFER_STARTED = "transfer-started"
    """transfer (id), protocol, file, size_bytes; TFTP: offset (0), blksize, windowsize; HTTP: offset (ranges), status,
    user_agent, role"""
    TRANSFER_PROGRESS = "transfer-progress"
    """transfer, sent_bytes, size_bytes. Not kept, only shown."""
    TRANSFER_STALLED = "transfer-stalled"
    """The client takes nothing at present: transfer, protocol, file, role, size_bytes, sent_bytes, stalled_s"""
    TRANSFER_RESUMED = "transfer-resumed"
    """A client that stood still takes bytes again: transfer, protocol, file, role, size_bytes, sent_bytes, stalled_s
    (for how long it took none)"""
    TRANSFER_FINISHED = "transfer-finished"
    """transfer, protocol, file, size_bytes, duration_s, retransmissions (TFTP), blksize, windowsize,
    version_sha256 (first 12 digits), version_mtime_s, role (loader, script, kernel, initrd, image, configuration)"""
    TRANSFER_FAILED = "transfer-failed"
    """transfer, protocol, file, sent_bytes, size_bytes, reason; HTTP: role; TFTP: acked_bytes, retransmissions,
    blksize, windowsize, stage ("options": the OACK was not acknowledged, "first-block", "blocks"), error_code and
    error_text (of the client's ERROR; None without one)"""
    BLOCKS_READ = "blocks-read"
    """A machine reads an image piece by piece, as a drive: protocol, file, requests and read_bytes so far. Recorded
    for the first piece, and every few seconds while it goes on"""
    SIZE_PROBED = "size-probed"
    """protocol, file, size_bytes: a client asked for the size and went away, as firmware does before each download; by
    HTTP with HEAD"""
    FILE_REFUSED = "file-refused"
    """protocol, file (as asked for; what cannot be printed shows as hex), reason, is_searched (the client goes on to
    the next name: nothing is wrong); TFTP: error_code; HTTP: status,
    method, user_agent"""
    SCRIPT_SENT = "script-sent"
    """entry, notes (what a person should know, as the memory it needs), manufacturer, product, memory_mb,
    ipxe_version, buildarch, platform, warning (why it will most likely not work; None without one), lacks_initrd (a
    distribution's kernel is given without its initrd), unattended (an installer that fetches its answers from here),
    times (only if it is told for several fetches within a moment); for a GRUB: loader, secure_boot"""
    MESSAGE_SHOWN = "message-shown"
    """The client's own screen shows why it cannot boot: title, why, fix, finding (the id it carries), times (only if
    it is told for several fetches within a moment)"""
    LOADER_FAILED = "loader-failed"
    """iPXE could not start what it was told to, and says so: entry, error (its number, eight hex digits)"""
    ANSWERS_FETCHED = "answers-fetched"
    """file, format: an installer took its answers"""
    INSTALL_STARTED = "install-started"
    """An installer has its answers and begins"""
    INSTALL_PROGRESS = "install-progress"
    """step, description, event, result: as the installer names them"""
    INSTALL_FINISHED = "install-finished"
    """The system is on the disk; the machine is sent to its own disk from now on"""
    INSTALL_FAILED = "install-failed"
    """step, description"""
    FIRST_BOOT = "first-boot"
    """The installed system runs and says so"""
    IMAGE_LOADED = "image-loaded"
    """file, description (what it is, in words), size_bytes, sha256 (None for a large file: it comes later), mtime_s:
    a new complete version of an image is being served"""
    IMAGE_HELD_BACK = "image-held-back"
    """file, reason: the newest version is still being written, clients get the one before or wait"""
    IMAGE_GONE = "image-gone"
    """file: it was taken out of the directory it was served from"""
    FINDING = "finding"
    """What is wrong with this machine's boot: id ("BB-017"), title, seen, cause, sure ("surely", "most likely",
    "possibly"), screen (what the machine shows; lines), fix (commands or lines to paste; lines)"""
    DATAGRAM_DROPPED = "datagram-dropped"
    """port, reason: malformed; logged once per source and reason"""
    PROBLEM = "problem"
    """what, why, fix: something went wrong inside the station"""


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class Event:
    """One thing that happened."""

    kind: EventKind
    at_s: float
    """When: seconds since the epoch."""
    mac: str | None = None
    """The client's hardware address, lower-case hex with colons; None when it is not known."""
    address: str | None = None
    """The client's IP address; None before it has one."""
    interface: str | None = None
    """Name of the station's interface the client was met on."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """What ``kind`` says it carries."""
    attempt: str | None = None
    """Which boot of this machine it belongs to (``journal.attempts``); None for what belongs to none."""
    facts_text: str = field(default="", init=False, repr=False, compare=False)
    """``facts`` as JSON once somebody wanted that (``journal.event_json``); "" before."""
