"""How a person is told of an error that a person can put right."""

from rich.console import Console
from rich.text import Text

from bootbeam.errors import UserError

EXIT_USER_ERROR = 1
FIX = "what to do"


def print_error(error: UserError) -> None:
    """What happened, why, and the next step, on standard error."""
    console = Console(stderr=True)
    rows = [("error", error.what, "bold red"), ("why", error.why, ""), (FIX, error.fix, "bold")]
    for label, text, style in rows:
        if text:
            # A command that is folded here is two commands when it is copied.
            is_whole = label == FIX or not console.is_terminal
            console.print(Text.assemble((f"{label}: ", "bold"), (text, style)), soft_wrap=is_whole)
