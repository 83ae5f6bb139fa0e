"""Python's search for garbage, set as the station sets it; in a process of its own, as it is the whole process's."""

import subprocess
import sys

PROGRAM = """
import gc, weakref
from bootbeam.servers import garbage

class Node: pass

def ring():
    node = Node()
    node.itself = node
    return weakref.ref(node)

garbage.begin()
assert gc.isenabled()
young = ring()
kept = [[] for _ in range(3 * garbage.THRESHOLDS[0])]
assert young() is None, "new objects are looked through as more of them come"
old = ring()
garbage.find_all()
assert old() is None, "all of them are when somebody says so"
"""


def test_garbage_is_found_among_new_objects_and_among_all() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=30)
