"""bootbeam: turns this computer into a network boot station."""

__version__ = "0.1.0"
