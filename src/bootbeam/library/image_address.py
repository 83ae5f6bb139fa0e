"""What an image may be named by beside its path."""

SCHEMES = ("http://", "https://")


def is_address(text: str) -> bool:
    """Whether an image was named by its address."""
    return text.lower().startswith(SCHEMES)
