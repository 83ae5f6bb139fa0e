"""When Python looks for garbage: nobody is answered meanwhile.

While events and boots are remembered by the ten thousand, a look through all objects takes 10 ms and more. Python takes
one whenever there is a quarter more of them, which is several times a second when many machines ask.
"""

import gc

THRESHOLDS = (5_000, 1_000_000, 1_000_000)
"""So many new objects more are looked through, which takes less than a millisecond; older ones never by themselves."""
INTERVAL_S = 30.0
"""How often somebody should call ``find_all``."""


def begin() -> None:
    """From now on; what is here now stays, and is not looked through again."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()


def find_all() -> None:
    """Look through all objects. What holds itself is let go of here only."""
    gc.collect()
