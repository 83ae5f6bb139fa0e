"""What keyboards and time zones are called by installers that have names of their own for them.

Sources: YaST's keyboard names (its own list), the Proxmox installer's ``locales.json`` (keyboards), Microsoft's
"Default input profiles" and "Default time zones"; Unicode CLDR's ``windowsZones`` for the pairs. The commonest only.
"""

from dataclasses import dataclass

from bootbeam.errors import UserError


@dataclass(frozen=True, slots=True)
class Keyboard:
    """One layout under its three other names."""

    yast: str
    proxmox: str
    """"" when the Proxmox installer has none like it."""
    windows: str
    """Language and layout identifier, both hexadecimal."""


KEYBOARDS: dict[str, Keyboard] = {
    "us": Keyboard("english-us", "en-us", "0409:00000409"),
    "gb": Keyboard("english-uk", "en-gb", "0809:00000809"),
    "de": Keyboard("german", "de", "0407:00000407"),
    "ch": Keyboard("german-ch", "de-ch", "0807:00000807"),
    "fr": Keyboard("french", "fr", "040c:0000040c"),
    "be": Keyboard("belgian", "fr-be", "080c:0000080c"),
    "es": Keyboard("spanish", "es", "040a:0000040a"),
    "it": Keyboard("italian", "it", "0410:00000410"),
    "pt": Keyboard("portugese", "pt", "0816:00000816"),
    "br": Keyboard("portugese-br", "pt-br", "0416:00000416"),
    "nl": Keyboard("dutch", "nl", "0413:00020409"),
    "dk": Keyboard("danish", "dk", "0406:00000406"),
    "no": Keyboard("norwegian", "no", "0414:00000414"),
    "se": Keyboard("swedish", "se", "041d:0000041d"),
    "fi": Keyboard("finnish", "fi", "040b:0000040b"),
    "is": Keyboard("icelandic", "is", "040f:0000040f"),
    "pl": Keyboard("polish", "pl", "0415:00000415"),
    "cz": Keyboard("czech", "", "0405:00000405"),
    "sk": Keyboard("slovak", "", "041b:0000041b"),
    "si": Keyboard("slovene", "si", "0424:00000424"),
    "hu": Keyboard("hungarian", "hu", "040e:0000040e"),
    "tr": Keyboard("turkish", "tr", "041f:0000041f"),
    "gr": Keyboard("greek", "", "0408:00000408"),
    "ru": Keyboard("russian", "", "0419:00000419"),
    "ua": Keyboard("ukrainian", "", "0422:00020422"),
    "lt": Keyboard("lithuanian", "lt", "0427:00010427"),
    "jp": Keyboard("japanese", "jp", "0411:00000411"),
    "kr": Keyboard("korean", "", "0412:00000412"),
}

WINDOWS_ZONES: dict[str, str] = {
    "Etc/UTC": "UTC",
    "UTC": "UTC",
    "Europe/London": "GMT Standard Time",
    "Europe/Dublin": "GMT Standard Time",
    "Europe/Lisbon": "GMT Standard Time",
    "Europe/Berlin": "W. Europe Standard Time",
    "Europe/Vienna": "W. Europe Standard Time",
    "Europe/Zurich": "W. Europe Standard Time",
    "Europe/Rome": "W. Europe Standard Time",
    "Europe/Amsterdam": "W. Europe Standard Time",
    "Europe/Oslo": "W. Europe Standard Time",
    "Europe/Stockholm": "W. Europe Standard Time",
    "Europe/Paris": "Romance Standard Time",
    "Europe/Brussels": "Romance Standard Time",
    "Europe/Madrid": "Romance Standard Time",
    "Europe/Copenhagen": "Romance Standard Time",
    "Europe/Warsaw": "Central European Standard Time",
    "Europe/Prague": "Central Europe Standard Time",
    "Europe/Budapest": "Central Europe Standard Time",
    "Europe/Helsinki": "FLE Standard Time",
    "Europe/Kyiv": "FLE Standard Time",
    "Europe/Vilnius": "FLE Standard Time",
    "Europe/Athens": "GTB Standard Time",
    "Europe/Istanbul": "Turkey Standard Time",
    "Europe/Moscow": "Russian Standard Time",
    "Asia/Dubai": "Arabian Standard Time",
    "Asia/Kolkata": "India Standard Time",
    "Asia/Bangkok": "SE Asia Standard Time",
    "Asia/Shanghai": "China Standard Time",
    "Asia/Hong_Kong": "China Standard Time",
    "Asia/Taipei": "Taipei Standard Time",
    "Asia/Singapore": "Singapore Standard Time",
    "Asia/Seoul": "Korea Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time",
    "Australia/Sydney": "AUS Eastern Standard Time",
    "Australia/Melbourne": "AUS Eastern Standard Time",
    "Pacific/Auckland": "New Zealand Standard Time",
    "America/New_York": "Eastern Standard Time",
    "America/Toronto": "Eastern Standard Time",
    "America/Chicago": "Central Standard Time",
    "America/Denver": "Mountain Standard Time",
    "America/Los_Angeles": "Pacific Standard Time",
    "America/Sao_Paulo": "E. South America Standard Time",
    "America/Mexico_City": "Central Standard Time (Mexico)",
}


def keyboard_named(layout: str, installer: str) -> Keyboard:
    """The other names of an X11 layout.

    Raises:
        UserError: it is not among the commonest; ``installer`` says who has to be told in its own words.
    """
    keyboard = KEYBOARDS.get(layout)
    if keyboard is None:
        raise UserError(
            f"the keyboard {layout} is not known under {installer}'s own name for it",
            f"known are {', '.join(sorted(KEYBOARDS))}",
            f"give {installer} a complete answer file of its own instead of the short form",
        )
    return keyboard


def windows_zone(timezone: str) -> str:
    """The name Windows has for a time zone.

    Raises:
        UserError: it is not among the commonest.
    """
    zone = WINDOWS_ZONES.get(timezone)
    if zone is None:
        raise UserError(
            f"the time zone {timezone} is not known under Windows' own name for it",
            f"known are {', '.join(sorted(WINDOWS_ZONES))}",
            "name a city of the same zone, or give a complete autounattend.xml instead of the short form",
        )
    return zone
