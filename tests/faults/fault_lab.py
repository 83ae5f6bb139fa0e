"""A lab in which one thing is broken, and what the station says of it."""

import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.firmware import Firmware
from bootbeam.lab.initrd import LinuxPayload, make_linux_payload
from bootbeam.lab.ipv6_router import RouterIpv6
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationFailed, StationProcess

SCREEN_TIMEOUT_S = 75.0
"""A firmware shows its error when all its tries are over; the station knows earlier."""
POLL_S = 0.2

Say = Callable[[str, object], None]


class FaultLab:
    """The LAN, the station and one machine, each made when asked for and gone at the end of the ``with`` block.

    Args:
        log_dir: where the logs go; must exist.
        say: keeps a property of this run for the table of faults.
    """

    def __init__(self, log_dir: Path, say: Say) -> None:
        self.log_dir = log_dir
        self._say = say
        self._stack = ExitStack()

    player: Namespace
    """The machine that is played packet by packet."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def inject(self, words: str) -> None:
        """Say in words what is broken."""
        self._say("injected", words)

    def network(
        self,
        *,
        router: bool = True,
        router_arguments: tuple[str, ...] = (),
        ipv4: bool = True,
        ipv6: RouterIpv6 | None = None,
    ) -> Lan:
        """The LAN, with a router that is configured like this."""
        lan = Lan(self.log_dir, router=router, router_arguments=router_arguments, ipv4=ipv4, ipv6=ipv6)
        self.lan = self._stack.enter_context(lan)
        return self.lan

    def payload(self) -> LinuxPayload:
        """A Linux kernel and an initrd that go together."""
        return make_linux_payload(self.log_dir)

    def serve(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> StationProcess:
        """``bootbeam serve ARGUMENTS...``; without any, a good Linux kernel and initrd. ``environment`` has what
        is otherwise than in this process."""
        if not arguments:
            payload = self.payload()
            arguments = ("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", "console=ttyS0")
        self.station = self._stack.enter_context(StationProcess(self.lan, *arguments, environment=environment))
        return self.station

    def power_on(
        self, firmware: Firmware, *extra_arguments: str, name: str = "pc", memory_mib: int | None = None
    ) -> VirtualMachine:
        """A virtual PC; it is switched off before the station ends."""
        return self.add_machine(PcSpec(name, firmware, extra_arguments=extra_arguments, memory_mib=memory_mib))

    def add_machine(self, spec: PcSpec) -> VirtualMachine:
        """A virtual PC made of this."""
        self._say("machine", spec.firmware.name)
        return self._stack.enter_context(VirtualMachine(self.lan, spec))

    def start_in(self, namespace: Namespace, name: str, *argv: str) -> None:
        """A program of somebody else's, e.g. a second DHCP server."""
        namespace.start(*argv, output=self.log_dir / f"{name}.log")

    def filter(self, namespace: Namespace, hook: str, *rules: str) -> None:
        """nftables rules for what comes into (``hook`` "input") or leaves ("output") a namespace."""
        chain = f"add chain inet fault {hook} {{ type filter hook {hook} priority 0; }}"
        lines = ["add table inet fault", chain, *(f"add rule inet fault {hook} {rule}" for rule in rules)]
        namespace.run("nft", "; ".join(lines))

    def drop_from_station(self, lan: Lan, match: str) -> None:
        """Drop at the switch what the station sends and ``match`` fits: the station itself notices nothing."""
        self.drop_at_switch(lan, f"iifname {self.port_to('station')} {match}")

    def drop_to_station(self, lan: Lan, match: str) -> None:
        """Drop at the switch what is for the station and ``match`` fits."""
        self.drop_at_switch(lan, f"oifname {self.port_to('station')} {match}")

    def drop_at_switch(self, lan: Lan, match: str) -> None:
        """Drop at the switch what ``match`` fits."""
        lan.switch.run(
            "nft",
            "add table bridge fault; add chain bridge fault forward { type filter hook forward priority 0; }; "
            f"add rule bridge fault forward {match} drop",
        )

    @staticmethod
    def port_to(host: str) -> str:
        """The switch's port that leads to this host: hosts are plugged in one after the other."""
        return {"router": "veth1", "station": "veth2"}[host]

    @staticmethod
    def port_of_pc(lan: Lan) -> str:
        """The switch's port that the newest virtual PC is plugged into."""
        words = lan.switch.ip("-o", "link").replace(":", " ").replace("@", " ").split()
        return [word for word in words if word.startswith("tap")][-1]

    def play(self, packet: bytes) -> None:
        """``player`` broadcasts a DHCP packet from port 68, as a machine's firmware does."""
        self._say("machine", "played packet by packet")
        self.player.run(sys.executable, "-m", "tests.dhcp_client", packet.hex(), "1")

    def sees(self, pc: VirtualMachine, kind: EventKind, timeout_s: float, **facts: object) -> Event:
        """Wait for an event of this machine's that has these facts."""
        return self.station.wait_for(
            kind,
            timeout_s,
            mac=pc.mac,
            where=lambda event: all(event.facts.get(name) == value for name, value in facts.items()),
        )

    def expect_nothing(self, mac: str) -> None:
        """Nothing has been found of this machine."""
        told = [event.facts for event in self.station.events(mac) if event.kind is EventKind.FINDING]
        self._say("verdict", f"{told[0]['id']} {told[0]['title']}" if told else "nothing, as it must be")
        assert told == []

    def expect(self, mac: str | None, finding_id: str, timeout_s: float, *, or_id: str = "") -> Event:
        """The station's first finding about this machine must be this one, or ``or_id``, which says the same. Without
        ``mac``, the first of all."""
        try:
            finding = self.station.wait_for(EventKind.FINDING, timeout_s, mac=mac)
        except StationFailed:
            self._say("verdict", "nothing said")
            raise
        told = [event.facts for event in self.station.events(mac) if event.kind is EventKind.FINDING]
        self._say("verdict", f"{finding.facts['id']} {finding.facts['title']}")
        assert finding.facts["id"] in (finding_id, or_id), told
        assert str(finding.facts["fix"]).strip()
        return finding

    def expect_on_screen(self, pc: VirtualMachine, finding: Event, timeout_s: float = SCREEN_TIMEOUT_S) -> str:
        """One of the lines that the finding says the screen shows is really there."""
        lines = [line for line in str(finding.facts["screen"]).splitlines() if not line.startswith("(")]
        deadline = time.monotonic() + timeout_s
        while True:
            # A screen breaks lines where it ends, and the last two digits of iPXE's numbers differ by its build.
            console = _plain(pc.console)
            shown = next((line for line in lines if _plain(line) in console), None)
            if shown is not None:
                self._say("screen", shown)
                return shown
            assert time.monotonic() < deadline, f"none of {lines} is on the screen:\n{pc.console[-1500:]}"
            time.sleep(POLL_S)


def _plain(text: str) -> str:
    return re.sub(r"(ipxe.org/[0-9a-f]{6})[0-9a-f]{2}", r"\1..", re.sub(r"\s+", "", text))
