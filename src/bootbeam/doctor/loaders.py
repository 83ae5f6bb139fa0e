"""Boot loaders for the firmware that people have, their age, and the chain for machines with Secure Boot on."""

from collections.abc import Iterator
from datetime import date

from bootbeam.doctor.finding import Finding, ok, problem, warning
from bootbeam.library.loader_packages import Distribution, missing_loader_advice
from bootbeam.library.loaders import Loader, LoaderShelf
from bootbeam.library.signed_chain import find_signed_chain
from bootbeam.machine import Cpu, Firmware

AREA = "loaders"
OLD_AFTER_DAYS = 3 * 365
"""An iPXE older than that lacks much of what this program would like to use."""
_COMMON = {"BIOS": (Firmware.BIOS, Cpu.X86_64), "UEFI x64": (Firmware.UEFI, Cpu.X86_64)}
"""What nearly every PC is."""
_RARE = {
    "UEFI ia32": (Firmware.UEFI, Cpu.I386),
    "UEFI arm64": (Firmware.UEFI, Cpu.ARM64),
    "UEFI riscv64": (Firmware.UEFI, Cpu.RISCV64),
    "UEFI loong64": (Firmware.UEFI, Cpu.LOONG64),
}
_FETCH = "bootbeam loaders fetch"


def check_loaders(shelf: LoaderShelf, distribution: Distribution, today: date) -> list[Finding]:
    """What machines can be given."""
    best = {words: shelf.best(*kind) for words, kind in {**_COMMON, **_RARE}.items()}
    if not any(best.values()):
        advice = missing_loader_advice(Firmware.BIOS, Cpu.X86_64, distribution)
        return [problem(AREA, "no boot loader is on this computer", advice.why, advice.fix)]
    missing = [words for words in _COMMON if best[words] is None]
    found = [
        warning(AREA, advice.what, advice.why, advice.fix)
        for words in missing
        for advice in [missing_loader_advice(*_COMMON[words], distribution)]
    ]
    here = {words: loader for words, loader in best.items() if loader is not None}
    old = {words: loader for words, loader in here.items() if _is_old(loader, today)}
    if old:
        found.append(_old(old))
    fresh = [f"{words} ({_age(loader)})" for words, loader in here.items() if words not in old]
    if fresh:
        found.append(ok(AREA, f"for {', '.join(fresh)}"))
    rare = [words for words in _RARE if best[words] is None]
    if rare:
        found.append(ok(AREA, f"none for {', '.join(rare)}; where such a machine is to boot: {_FETCH}"))
    return [*found, *_secure_boot(shelf)]


def _secure_boot(shelf: LoaderShelf) -> Iterator[Finding]:
    chain = find_signed_chain(shelf, Cpu.X86_64)
    if chain is None:
        yield warning(
            AREA,
            "none for machines with Secure Boot on",
            "they refuse iPXE, which is not signed; a signed shim and GRUB (2.12 or newer) of one distribution start",
            f"{_FETCH}\nor switch Secure Boot off in the machine's setup",
        )
        return
    yield ok(AREA, f"for machines with Secure Boot on: {chain.words}")


def _old(loaders: dict[str, Loader]) -> Finding:
    names = ", ".join(f"{words} ({loader.name}, {_age(loader)})" for words, loader in loaders.items())
    return warning(AREA, f"old iPXE for {names}", "new machines and some images need a newer one", _FETCH)


def _is_old(loader: Loader, today: date) -> bool:
    return loader.released is not None and (today - loader.released).days > OLD_AFTER_DAYS


def _age(loader: Loader) -> str:
    return f"of {loader.released.isoformat()}" if loader.released else f"{loader.family} {loader.version or ''}".strip()
