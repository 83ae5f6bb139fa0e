"""``bootbeam serve --tree DIR``: a tree that somebody has, as it is."""

from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.dhcp_packets import build, pxe_options
from tests.loader_bytes import packed_nbp
from tests.station.conftest import ask_dhcp
from tests.station.test_start import serve

pytestmark = pytest.mark.peer

MAC = "f4:4d:30:01:02:03"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tftp"
    (root / "pxelinux.cfg").mkdir(parents=True)
    (root / "pxelinux.0").write_bytes(packed_nbp())
    (root / "pxelinux.cfg" / "default").write_text("DEFAULT linux\n")
    (tmp_path / "secret").write_text("not for strangers")
    (root / "link").symlink_to(tmp_path / "secret")
    return root


def test_each_machine_gets_what_fits_it_and_the_rest_a_reason(lan: Lan, client: Namespace, tree: Path) -> None:
    with StationProcess(lan, "--tree", tree) as station:
        [(_, offer)] = ask_dhcp(client, build(1, options=pxe_options(0, "002001")))
        assert offer.file == "pxelinux.0"
        [(_, offer)] = ask_dhcp(client, build(1, options=[*pxe_options(0, "002001"), (77, b"iPXE")]))
        assert offer.file == "pxelinux.0"
        assert ask_dhcp(client, build(1, options=pxe_options(7, "003016"))) == []
        ignored = station.wait_for(EventKind.CLIENT_IGNORED, 20, mac=MAC)
        assert "no EFI program" in str(ignored.facts["reason"])
        assert "grub-mknetdir" in str(ignored.facts["fix"])
        ready = station.events()[0].facts
        assert str(ready["loaders"]).startswith("BIOS: pxelinux.0\n")
        assert str(tree) in str(ready["entries"])


def test_both_protocols_give_out_the_tree_and_nothing_else(lan: Lan, client: Namespace, tree: Path) -> None:
    with StationProcess(lan, "--tree", tree):
        for base in ("tftp://192.168.1.50", "http://192.168.1.50:8080"):
            url = f"{base}/pxelinux.cfg/default"
            assert client.run("curl", "--silent", "--fail", url) == "DEFAULT linux\n"
            (tree / "pxelinux.cfg" / "default").write_text("DEFAULT other\n")
            assert client.run("curl", "--silent", "--fail", url) == "DEFAULT other\n"
            (tree / "pxelinux.cfg" / "default").write_text("DEFAULT linux\n")
            for path in ("link", "boot.ipxe", "..%2fsecret", "pxelinux.cfg"):
                said = client.run("sh", "-c", f"curl --silent --fail --path-as-is {base}/{path} || echo refused")
                assert said == "refused\n"


def test_what_will_not_do_is_said_with_the_way_out(lan: Lan, script: Path, tree: Path) -> None:
    said = serve(lan, "--tree", tree, script)
    assert f"--tree does not go together with {script}" in said
    assert "--tree-boot" in serve(lan, "--tree-boot", "x64=a.efi", script)
    assert "no boot program a.efi" in serve(lan, "--tree", tree, "--tree-boot", "x64=a.efi")
    assert "KIND=PATH" in serve(lan, "--tree", tree, "--tree-boot", "pc=a.efi")
    assert "nothing that a machine could begin with" in serve(lan, "--tree", tree / "pxelinux.cfg")
