"""Reads isolinux and syslinux configuration files of other people's images: which kernels they start, and how.

Source: the Syslinux manual, "Config", and its ``menu.c32`` words. Never raises; what is not understood is left out.
"""

import re

from bootbeam.boot.grub_config import MAX_ENTRIES, MAX_TEXT_CHARACTERS, MAX_VALUE_CHARACTERS, Menu, MenuEntry

_NOT_KERNELS = (".c32", ".com", ".cbt", ".bss", ".0", ".bs")
"""Extensions by which a KERNEL line names a program of another kind."""


def parse_syslinux_config(text: str, directory: str) -> Menu:
    """The kernels that a ``syslinux.cfg`` starts. Never raises.

    Args:
        text: its contents.
        directory: the path of the directory it is in; relative names begin there.
    """
    reader = _Reader(directory)
    for line in text[:MAX_TEXT_CHARACTERS].splitlines():
        word, _, value = line.strip()[:MAX_VALUE_CHARACTERS].partition(" ")
        word, _, rest = word.partition("\t")
        reader.line(word.lower(), f"{rest} {value}".strip())
        if len(reader.entries) >= MAX_ENTRIES:
            break
    reader.close()
    return Menu(tuple(reader.entries[:MAX_ENTRIES]), tuple(dict.fromkeys(reader.includes))[:MAX_ENTRIES])


class _Reader:
    def __init__(self, directory: str) -> None:
        self.entries: list[MenuEntry] = []
        self.includes: list[str] = []
        self._directory = directory
        self._default = ""
        self._label: str | None = None
        self._values: dict[str, str] = {}

    def line(self, word: str, value: str) -> None:
        """One line: a keyword in lower case and what follows it."""
        if word == "label":
            self.close()
            self._label = value
        elif word in ("default", "ontimeout") and self._label is None and value:
            self._default = self._default or value.split()[0].lower()
        elif word == "include" and value:
            self.includes.append(self._path(value.split()[0]))
        elif word == "menu":
            self._menu_line(value)
        elif word in ("kernel", "linux", "append", "initrd", "config"):
            self._values[word] = value

    def close(self) -> None:
        """The label that ends here becomes an entry."""
        kernel = self._values.get("linux") or self._values.get("kernel", "")
        name = kernel.split()[0] if kernel.split() else ""
        if self._label is not None and name and not name.lower().endswith(_NOT_KERNELS):
            self.entries.append(self._entry(name))
        elif self._label is not None and name.lower().endswith("mboot.c32"):
            self._add_multiboot()
        self._label, self._values = None, {}

    def _entry(self, kernel: str) -> MenuEntry:
        words = self._values.get("append", "").split()
        initrds = [word.removeprefix("initrd=") for word in words if word.startswith("initrd=")]
        initrds.append(self._values.get("initrd", ""))
        return MenuEntry(
            title=self._title(),
            kernel=self._path(kernel),
            initrds=tuple(self._path(name) for one in initrds for name in one.split(",") if name.strip()),
            cmdline=" ".join(word for word in words if not word.startswith("initrd=")),
            is_default=bool(self._default) and (self._label or "").lower() == self._default,
        )

    def _add_multiboot(self) -> None:
        """``mboot.c32 KERNEL ARGUMENTS --- MODULE ARGUMENTS --- ...``"""
        parts = [part.split() for part in self._values.get("append", "").split("---")]
        if parts and parts[0] and not parts[0][0].startswith("-"):
            modules = tuple(self._path(part[0]) for part in parts[1:] if part)
            kernel = self._path(parts[0][0])
            self.entries.append(MenuEntry(self._title(), kernel, modules, " ".join(parts[0][1:]), is_multiboot=True))

    def _menu_line(self, value: str) -> None:
        word, _, rest = value.partition(" ")
        if word.lower() == "label":
            self._values["title"] = rest.strip()
        elif word.lower() == "default" and self._label is not None:
            self._default = self._default or self._label.lower()
        elif word.lower() == "include" and rest.split():
            self.includes.append(self._path(rest.split()[0]))

    def _title(self) -> str:
        return re.sub(r"\^", "", self._values.get("title", "")) or (self._label or "")

    def _path(self, name: str) -> str:
        """Relative names begin in the file's directory, absolute ones at the image's root."""
        name = name.strip().replace("\\", "/")
        steps: list[str] = []
        for step in (name if name.startswith("/") else f"{self._directory}/{name}").split("/"):
            if step == "..":
                steps = steps[:-1]
            elif step not in ("", "."):
                steps.append(step)
        return "/".join(steps)
