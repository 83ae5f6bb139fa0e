"""Unattended answers, one file per format: checked before a machine asks, rendered from a short form. Pure."""
