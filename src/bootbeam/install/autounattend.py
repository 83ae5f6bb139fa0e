"""Windows Setup's answer file, ``autounattend.xml``.

Source: Microsoft, "Unattended Windows Setup Reference" and "Answer files (unattend.xml)".
"""

import base64
import binascii

from bootbeam.errors import UserError
from bootbeam.install.facts import MachineFacts, StationFacts
from bootbeam.install.finding import Finding, in_order, nearest, problem, shown, warning
from bootbeam.install.regions import keyboard_named, windows_zone
from bootbeam.install.reporting import TIMEOUT_S
from bootbeam.install.short_form import ShortForm, host_name
from bootbeam.install.stage import Stage
from bootbeam.install.xml_text import Element, parse_xml, xml_text
from bootbeam.machine import Cpu, Firmware

AUTOUNATTEND = "autounattend.xml"
NAMESPACE = "urn:schemas-microsoft-com:unattend"
ACTION_NAMESPACE = "http://schemas.microsoft.com/WMIConfig/2002/State"
MAX_COMPUTER_NAME_CHARACTERS = 15
PASSES = ("windowsPE", "offlineServicing", "generalize", "specialize", "auditSystem", "auditUser", "oobeSystem")
ARCHITECTURES = ("x86", "amd64", "arm", "arm64", "wow64", "ia64")
MARKS = {"publicKeyToken": "31bf3856ad364e35", "language": "neutral", "versionScope": "nonSxS"}
"""What every component of Windows' own says of itself."""
PASSES_OF: dict[str, tuple[str, ...]] = {
    "Microsoft-Windows-Setup": ("windowsPE",),
    "Microsoft-Windows-International-Core-WinPE": ("windowsPE",),
    "Microsoft-Windows-PnpCustomizationsWinPE": ("windowsPE",),
    "Microsoft-Windows-International-Core": ("specialize", "oobeSystem"),
    "Microsoft-Windows-Shell-Setup": ("generalize", "specialize", "auditSystem", "auditUser", "oobeSystem"),
    "Microsoft-Windows-Deployment": ("generalize", "specialize", "auditSystem", "auditUser", "oobeSystem"),
}
"""Where the commonest components may stand; elsewhere Setup ignores them or stops."""
_CPU_NAMES = {Cpu.X86_64: "amd64", Cpu.I386: "x86", Cpu.ARM64: "arm64"}
_NO_USERS = frozenset({"administrator", "guest", "defaultaccount", "wdagutilityaccount", "system"})


def check_autounattend(text: str) -> list[Finding]:
    """What is wrong with an answer file for Windows Setup."""
    parsed = parse_xml(text)
    findings = list(parsed.findings)
    root = parsed.root
    if root is None:
        return in_order(findings)
    if (root.namespace, root.name) != (NAMESPACE, "unattend"):
        what = f"the root element is {shown(root.name)} of the namespace {shown(root.namespace)}"
        fix = f'begin with: <unattend xmlns="{NAMESPACE}">'
        return in_order([*findings, problem(root.line, what, "Setup leaves the file aside", fix)])
    for settings in root.children:
        findings += _check_settings(settings)
    findings += _check_stops(root)
    findings += _check_passwords(root)
    return in_order(findings)


def render_autounattend(answers: ShortForm, machine: MachineFacts, station: StationFacts) -> dict[str, str]:
    """The answer file for one machine: disk 0 is emptied, image 1 of the medium goes on it.

    The password stands in it in clear, or nearly so (Base64): Windows takes no hash.

    Raises:
        UserError: what cannot be said to Windows Setup: SSH keys, packages, a disk by description, a hash.
    """
    _check_carriable(answers)
    name = _computer_name(host_name(answers, machine))
    cpu = _CPU_NAMES.get(machine.cpu, "amd64")
    language, country = answers.language_and_country
    culture = f"{language}-{country or 'US'}"
    keyboard = keyboard_named(answers.keyboard, "Windows").windows
    locale = (
        f"<InputLocale>{keyboard}</InputLocale><SystemLocale>{culture}</SystemLocale>"
        f"<UILanguage>{culture}</UILanguage><UserLocale>{culture}</UserLocale>"
    )
    pe_locale = f"<SetupUILanguage><UILanguage>{culture}</UILanguage></SetupUILanguage>{locale}"
    specialize = f"<ComputerName>{xml_text(name)}</ComputerName><TimeZone>{windows_zone(answers.timezone)}</TimeZone>"
    passes = (
        (
            "windowsPE",
            _component("Microsoft-Windows-International-Core-WinPE", cpu, pe_locale),
            _component("Microsoft-Windows-Setup", cpu, _setup(machine.firmware)),
        ),
        (
            "specialize",
            _component("Microsoft-Windows-Shell-Setup", cpu, specialize),
            _report(station.report_url, cpu),
        ),
        (
            "oobeSystem",
            _component("Microsoft-Windows-International-Core", cpu, locale),
            _component("Microsoft-Windows-Shell-Setup", cpu, _oobe(answers, station.report_url)),
        ),
    )
    body = "\n".join(f'<settings pass="{name}">\n{chr(10).join(parts)}\n</settings>' for name, *parts in passes)
    return {
        AUTOUNATTEND: f'<?xml version="1.0" encoding="utf-8"?>\n<unattend xmlns="{NAMESPACE}" '
        f'xmlns:wcm="{ACTION_NAMESPACE}">\n{body}\n</unattend>\n'
    }


def encoded_password(password: str, field: str) -> str:
    """A password as Windows System Image Manager hides it: Base64 of the password and its field's name, in UTF-16.

    Args:
        password: in clear.
        field: the name of the element that holds it: "Password" or "AdministratorPassword".
    """
    return base64.b64encode(f"{password}{field}".encode("utf-16-le")).decode()


def _check_carriable(answers: ShortForm) -> None:
    refused = (
        (bool(answers.ssh_keys), "SSH keys", "leave ssh-keys out of the short form for Windows"),
        (bool(answers.packages), "packages", "leave packages out of the short form for Windows"),
        (not answers.disk.is_auto, "a disk by its name or description", 'write disk = "auto": Windows takes disk 0'),
        (not answers.password_clear, "a password's hash", 'write password = "..." in the short form for Windows'),
    )
    for is_given, what, fix in refused:
        if is_given:
            raise UserError(f"Windows Setup does not take {what}", "its answer file has no place for it", fix)
    if answers.user in _NO_USERS or answers.user == "root":
        raise UserError(f"Windows does not make the user {answers.user}", "the name is taken", 'user = "ann"')


def _computer_name(name: str) -> str:
    """A computer's name has no domain in Windows. One made of a MAC address is just short enough."""
    short = name.partition(".")[0]
    if len(short) > MAX_COMPUTER_NAME_CHARACTERS:
        raise UserError(
            f"the name {short} is too long for Windows",
            f"it takes {MAX_COMPUTER_NAME_CHARACTERS} characters",
            'give a shorter one in the short form: hostname = "pc-12"',
        )
    return short


def _component(name: str, cpu: str, content: str) -> str:
    marks = " ".join(f'{key}="{value}"' for key, value in MARKS.items())
    return f'<component name="{name}" processorArchitecture="{cpu}" {marks}>{content}</component>'


def _setup(firmware: Firmware) -> str:
    """Disk 0 emptied: UEFI wants an EFI and a reserved partition before Windows' own, BIOS an active one."""
    is_bios = firmware is Firmware.BIOS
    sizes = [("Primary", 500)] if is_bios else [("EFI", 300), ("MSR", 16)]
    formats = ["<Active>true</Active><Format>NTFS</Format>"] if is_bios else ["<Format>FAT32</Format>", ""]
    last = len(sizes) + 1
    created = "".join(
        f"<CreatePartition {_ADD}><Order>{number}</Order><Type>{kind}</Type><Size>{size}</Size></CreatePartition>"
        for number, (kind, size) in enumerate(sizes, start=1)
    )
    created += (
        f"<CreatePartition {_ADD}><Order>{last}</Order><Type>Primary</Type><Extend>true</Extend></CreatePartition>"
    )
    modified = "".join(
        f"<ModifyPartition {_ADD}><Order>{number}</Order><PartitionID>{number}</PartitionID>{what}</ModifyPartition>"
        for number, what in enumerate((*formats, "<Format>NTFS</Format><Letter>C</Letter>"), start=1)
    )
    return (
        f"<DiskConfiguration><Disk {_ADD}><DiskID>0</DiskID><WillWipeDisk>true</WillWipeDisk>"
        f"<CreatePartitions>{created}</CreatePartitions><ModifyPartitions>{modified}</ModifyPartitions></Disk>"
        "</DiskConfiguration>"
        f"<ImageInstall><OSImage><InstallFrom><MetaData {_ADD}><Key>/IMAGE/INDEX</Key><Value>1</Value></MetaData>"
        f"</InstallFrom><InstallTo><DiskID>0</DiskID><PartitionID>{last}</PartitionID></InstallTo></OSImage></ImageInstall>"
        "<UserData><ProductKey><WillShowUI>OnError</WillShowUI></ProductKey><AcceptEula>true</AcceptEula></UserData>"
    )


_ADD = 'wcm:action="add"'


def _oobe(answers: ShortForm, report_url: str) -> str:
    password = encoded_password(answers.password_clear, "Password")
    report = f"{_curl(report_url, Stage.FIRST_BOOT)}" if report_url else ""
    commands = (
        f"<FirstLogonCommands><SynchronousCommand {_ADD}><Order>1</Order><CommandLine>{report}</CommandLine>"
        "</SynchronousCommand></FirstLogonCommands>"
    )
    return (
        "<OOBE><HideEULAPage>true</HideEULAPage><HideOnlineAccountScreens>true</HideOnlineAccountScreens>"
        "<HideWirelessSetupInOOBE>true</HideWirelessSetupInOOBE><ProtectYourPC>3</ProtectYourPC></OOBE>"
        f"<UserAccounts><LocalAccounts><LocalAccount {_ADD}><Name>{xml_text(answers.user)}</Name>"
        f"<DisplayName>{xml_text(answers.full_name or answers.user)}</DisplayName><Group>Administrators</Group>"
        f"<Password><Value>{password}</Value><PlainText>false</PlainText></Password></LocalAccount></LocalAccounts>"
        f"</UserAccounts>{commands if report_url else ''}"
    )


def _report(report_url: str, cpu: str) -> str:
    """Before the first user logs in, by the curl.exe that Windows has since 2018."""
    if not report_url:
        return ""
    path = f"<Order>1</Order><Path>{_curl(report_url, Stage.INSTALLED)}</Path>"
    content = f"<RunSynchronous><RunSynchronousCommand {_ADD}>{path}</RunSynchronousCommand></RunSynchronous>"
    return _component("Microsoft-Windows-Deployment", cpu, content)


def _curl(report_url: str, stage: Stage) -> str:
    return xml_text(f"cmd.exe /c curl.exe -s -m {TIMEOUT_S} -o NUL {report_url}{stage} || exit 0")


def _check_settings(settings: Element) -> list[Finding]:
    if settings.name != "settings":
        return []
    name = settings.attributes.get("pass", "")
    if name not in PASSES:
        meant = nearest(name, PASSES)
        fix = f"did you mean {meant}?" if meant else f"one of {', '.join(PASSES)}"
        return [problem(settings.line, f"there is no pass {shown(name)}", "Setup stops at it", fix)]
    return [finding for component in settings.find_all("component") for finding in _check_component(component, name)]


def _check_component(component: Element, pass_name: str) -> list[Finding]:
    name = component.attributes.get("name", "")
    cpu = component.attributes.get("processorArchitecture", "")
    findings = []
    if cpu not in ARCHITECTURES:
        meant = {"x64": "amd64", "x86_64": "amd64", "aarch64": "arm64"}.get(cpu.lower()) or nearest(cpu, ARCHITECTURES)
        fix = f"did you mean {meant}?" if meant else f"one of {', '.join(ARCHITECTURES)}"
        why = "Setup leaves out a component of another architecture than its own"
        findings.append(problem(component.line, f"{name} is for no architecture {shown(cpu)}", why, fix))
    for key, value in MARKS.items():
        if component.attributes.get(key) != value:
            what = f"{name} has no {key}={value}"
            findings.append(problem(component.line, what, "Setup does not know the component", f'{key}="{value}"'))
    passes = PASSES_OF.get(name)
    if passes is None:
        meant = nearest(name, PASSES_OF)
        if meant and meant.lower() == name.lower():
            findings.append(problem(component.line, f"there is no component {name}", "", f"did you mean {meant}?"))
    elif pass_name not in passes:
        why = "there Setup does not read it"
        findings.append(problem(component.line, f"{name} stands in {pass_name}", why, f"move it to {passes[-1]}"))
    return findings


def _components(root: Element, pass_name: str, name: str) -> list[Element]:
    return [
        component
        for settings in root.find_all("settings")
        if settings.attributes.get("pass") == pass_name
        for component in settings.find_all("component")
        if component.attributes.get("name") == name
    ]


def _check_stops(root: Element) -> list[Finding]:
    setups = _components(root, "windowsPE", "Microsoft-Windows-Setup")
    shells = _components(root, "oobeSystem", "Microsoft-Windows-Shell-Setup")
    wanted = (
        (setups, ("UserData", "AcceptEula"), "whether the licence is accepted", "windowsPE"),
        (setups, ("DiskConfiguration",), "where to install", "windowsPE"),
        (setups, ("ImageInstall", "OSImage", "InstallFrom"), "which edition to install", "windowsPE"),
        (shells, ("UserAccounts",), "a user", "oobeSystem"),
    )
    findings = []
    for components, path, what, pass_name in wanted:
        if not any(component.find(*path) for component in components):
            why = f"{'/'.join(path)} is missing in {pass_name}"
            findings.append(warning(None, f"Windows will ask for {what}", why, f"add {'/'.join(path)}"))
    for component in _components(root, "specialize", "Microsoft-Windows-Shell-Setup"):
        name = component.find("ComputerName")
        if name is not None and len(name.text.strip()) > MAX_COMPUTER_NAME_CHARACTERS:
            why = f"Windows takes {MAX_COMPUTER_NAME_CHARACTERS} characters, and Setup stops"
            findings.append(problem(name.line, "ComputerName is too long", why, "shorten it, or write *"))
    return findings


def _check_passwords(root: Element) -> list[Finding]:
    findings = []
    todo = [root]
    while todo:
        element = todo.pop()
        todo += element.children
        if element.name not in ("Password", "AdministratorPassword"):
            continue
        value, plain = element.find("Value"), element.value("PlainText")
        if value is None or not value.text:
            continue
        if plain == "false":
            findings += _check_encoded(value, element.name)
        else:
            why = "everybody on the network can read it; Windows takes no hash"
            fix = "change the password after the installation; PlainText false only hides it from a glance"
            findings.append(warning(value.line, "a password stands here in clear", why, fix))
    return findings


def _check_encoded(value: Element, field: str) -> list[Finding]:
    try:
        decoded = base64.b64decode(value.text.strip(), validate=True).decode("utf-16-le")
    except (binascii.Error, ValueError):
        decoded = ""
    if decoded.endswith(field):
        return []
    why = f"with PlainText false it has to be Base64 of the password and the word {field}, in UTF-16"
    return [problem(value.line, "the hidden password cannot be read", why, "write <PlainText>true</PlainText>")]
