"""Codecs: bytes on the wire <-> frozen dataclasses. Pure; a decoder raises ``DecodeError`` and nothing else."""
