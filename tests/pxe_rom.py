"""A machine's PXE firmware, byte by byte, with one habit of its own: it accepts only certain answers.

Run inside a namespace as root: ``python -m tests.pxe_rom HABIT POWER_ONS``. Prints a line for each power-on: what came
of it, and for a boot the file. Waits between its questions are short; the numbers in its packets are those of firmware.
"""

import fcntl
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.dhcp_packets import Reply, build, pxe_options

INTERFACE = "eth0"
DISCOVER_SECS = (0, 4, 12, 28)
QUESTION_SECS = (0, 256, 512, 768)
COLLECT_S = 0.7
"""How long offers are collected; more than a computer takes for two copies of one datagram."""
TRY_S = 2.0
TRIES = 4
"""As firmware does, what is not answered is sent again."""
BETWEEN_POWER_ONS_S = 1.0
SIOCGIFHWADDR = 0x8927
MENU_TAGS = {6, 7, 8, 9, 10}


def suboptions(reply: Reply) -> dict[int, bytes]:
    """The content of option 43."""
    found: dict[int, bytes] = {}
    value = b"".join(content for code, content in reply.options if code == 43)
    while value and value[0] != 255:
        found[value[0]] = value[2 : 2 + value[1]]
        value = value[2 + value[1] :]
    return found


def has_file(reply: Reply) -> bool:
    """The boot file is named, in the header or in option 67."""
    return bool(reply.file) or 67 in reply.codes


def takes_the_file(reply: Reply) -> bool:
    """``06 01 08``, and a file."""
    return suboptions(reply).get(6, b"\0")[0] & 8 != 0 and has_file(reply)


def is_menu(reply: Reply) -> bool:
    """A prompt with a timeout of zero, a menu whose first entry is not the local disk, and a server for it."""
    found = suboptions(reply)
    if not {6, 8, 9, 10} <= found.keys() or found[6][0] & 3 != 3:
        return False
    first = found[9][:2]
    return found[10][0] == 0 and first != b"\0\0" and found[8][:3] == first + b"\1" and found[9][2] == len(found[9]) - 3


@dataclass(frozen=True)
class Habit:
    """What one firmware accepts."""

    architecture: int
    takes_offer: Callable[[Reply], bool]
    """An offer it does not take does not exist for it."""
    stops_at_offer: Callable[[Reply], bool] = lambda _: False
    """It takes the address, and then stops."""
    needs_no_answer: Callable[[Reply], bool] = lambda offer: takes_the_file(offer)
    """The offer is enough to fetch the file."""
    takes_answer: Callable[[Reply], bool] = has_file
    """An answer from port 4011 that it does not take makes it cancel (PXE-E21)."""
    hears_answer: Callable[[Reply], bool] = lambda _: True
    """An answer it does not hear makes it ask again (PXE-E16)."""


HABITS = {
    # edk2 of 2010 to 2017: offers with discovery options vanish.
    "drops-menus-in-offers": Habit(7, lambda offer: not MENU_TAGS & suboptions(offer).keys()),
    # A ROM that knows the direct way only.
    "wants-take-file": Habit(7, takes_the_file),
    # It wants a menu, whatever there is to choose.
    "wants-a-menu": Habit(7, lambda _: True, needs_no_answer=lambda _: False, takes_answer=is_menu),
    # It does not ask port 4011 for what the offer should have said.
    "wants-the-file-in-the-offer": Habit(7, has_file, needs_no_answer=lambda _: False),
    # It takes an offer with a file and no menu for BOOTP's, and finds no way on.
    "wants-no-file-in-the-offer": Habit(7, lambda _: True, lambda offer: has_file(offer)),
    # The check of 2013 is missing: 06 01 08 without a menu is an empty menu.
    "cancels-at-take-file": Habit(
        0, lambda _: True, needs_no_answer=lambda _: False, takes_answer=lambda answer: not suboptions(answer)
    ),
    # Answers from port 4011 with menus are all it hears.
    "hears-menus-only": Habit(0, lambda _: True, needs_no_answer=lambda _: False, hears_answer=is_menu),
}


class Rom:
    """One machine."""

    def __init__(self, habit: Habit) -> None:
        self.habit = habit
        self.options = pxe_options(habit.architecture, "003016" if habit.architecture else "002001")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            data = fcntl.ioctl(sock, SIOCGIFHWADDR, struct.pack("256s", INTERFACE.encode()))
        self.mac = data[18:24].hex(":")
        self.xid = int.from_bytes(data[20:24], "big")

    def power_on(self) -> str:
        """One boot: what came of it."""
        self.xid += 1
        subprocess.run(["ip", "address", "flush", "dev", INTERFACE, "scope", "global"], check=True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, f"{INTERFACE}\0".encode())
            sock.bind(("", 68))
            for secs in DISCOVER_SECS:
                packet = build(1, self.mac, self.xid, self.options, secs=secs)
                sock.sendto(packet, ("255.255.255.255", 67))
                lease, offer = self.collect(sock)
                if lease is not None and offer is not None:
                    break
            else:
                return "no-offer"
            self.take_lease(sock, lease)
        address = lease.addresses["yiaddr"]
        subprocess.run(["ip", "address", "replace", f"{address}/24", "dev", INTERFACE], check=True)
        if self.habit.stops_at_offer(offer):
            return "stopped"
        if self.habit.needs_no_answer(offer):
            return self.load(offer)
        answer = self.ask(address, offer.addresses["siaddr"])
        if answer is None:
            return "no-answer"
        if not self.habit.takes_answer(answer):
            return "cancelled"
        if is_menu(answer):
            item = suboptions(answer)[9][:2] + b"\0\0"
            server = socket.inet_ntoa(suboptions(answer)[8][3:7])
            chosen = self.ask(address, server, item)
            if chosen is None or suboptions(chosen).get(71) != item:
                return "no-item"
            return self.load(chosen)
        return self.load(answer)

    def collect(self, sock: socket.socket) -> tuple[Reply | None, Reply | None]:
        """An address, and a proxy's offer that is accepted."""
        lease, offer = None, None
        until = time.monotonic() + COLLECT_S
        while (left := until - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                reply = Reply(sock.recv(2000))
            except TimeoutError:
                break
            if reply.xid != self.xid or reply.chaddr != self.mac or reply.option(53) != b"\2":
                continue
            if reply.addresses["yiaddr"] != "0.0.0.0":
                lease = lease or reply
            elif reply.option(60).startswith(b"PXEClient") and self.habit.takes_offer(reply):
                offer = offer or reply
        return lease, offer

    def take_lease(self, sock: socket.socket, lease: Reply) -> None:
        wanted = [(50, socket.inet_aton(lease.addresses["yiaddr"])), (54, lease.option(54))]
        sock.settimeout(TRY_S)
        for _ in range(TRIES):
            sock.sendto(build(3, self.mac, self.xid, [*wanted, *self.options]), ("255.255.255.255", 67))
            with suppress(TimeoutError):
                while (reply := Reply(sock.recv(2000))).option(53) != b"\5" or reply.xid != self.xid:
                    pass
                return
        raise TimeoutError("the DHCP server does not confirm the address")

    def ask(self, address: str, server: str, item: bytes | None = None) -> Reply | None:
        """The question to port 4011, with the entry of a menu or without."""
        chosen = [(43, b"\x47\x04" + item + b"\xff")] if item else []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, 4011))
            sock.settimeout(COLLECT_S)
            for secs in QUESTION_SECS:
                packet = build(
                    3, self.mac, self.xid ^ 0x5A5A, [*self.options, *chosen], secs=secs, flags=0, ciaddr=address
                )
                sock.sendto(packet, (server, 4011))
                try:
                    reply = Reply(sock.recv(2000))
                except TimeoutError:
                    continue
                if reply.xid == self.xid ^ 0x5A5A and (item or self.habit.hears_answer(reply)):
                    return reply
                time.sleep(COLLECT_S)
        return None

    def load(self, reply: Reply) -> str:
        """Ask for the file by TFTP; its first answer is enough."""
        name = reply.file or reply.option(67).rstrip(b"\0").decode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(TRY_S)
            for _ in range(TRIES):
                sock.sendto(b"\0\1" + name.encode() + b"\0octet\0tsize\0" + b"0\0", (reply.addresses["siaddr"], 69))
                with suppress(TimeoutError):
                    packet, source = sock.recvfrom(2000)
                    sock.sendto(b"\0\5\0\x08\0", source)
                    return f"booted {name}" if packet[:2] == b"\0\6" else f"refused {packet[4:].decode()}"
        return f"no {name}"


def main(habit: str, power_ons: int) -> None:
    """Power on so many times."""
    rom = Rom(HABITS[habit])
    for _ in range(power_ons):
        print(rom.power_on(), flush=True)
        time.sleep(BETWEEN_POWER_ONS_S)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
