"""What an image may be named by beside its path."""


def is_address(text: str) -> bool:
    """Whether an image was named by its address."""
    return text.startswith(("http://", "https://"))
