"""Whether a file of sums was signed by a key this machine knows. ``gpgv`` judges; no key is ever fetched."""

import shutil
import subprocess
import tempfile
from enum import Enum
from pathlib import Path

KEYRING_DIRECTORIES = (Path("/usr/share/keyrings"), Path("/etc/apt/keyrings"), Path("/etc/apt/trusted.gpg.d"))
MAX_KEYRINGS = 50
TIMEOUT_S = 20.0


class Signature(Enum):
    """What is known about a signature, in words for a person."""

    GOOD = "signed by a key this machine knows"
    UNKNOWN = "signed by a key this machine does not know"
    NONE = "not signed"
    BAD = "with a wrong signature"


def check_signature(
    data: bytes, signature: bytes | None, keyrings: tuple[Path, ...] = KEYRING_DIRECTORIES
) -> Signature:
    """Judge ``data`` by its detached ``signature``, or by the one inside it when ``signature`` is None."""
    if shutil.which("gpgv") is None:
        return Signature.UNKNOWN
    rings = [ring for directory in keyrings if directory.is_dir() for ring in sorted(directory.glob("*.gpg"))]
    options = [option for ring in rings[:MAX_KEYRINGS] for option in ("--keyring", str(ring))]
    if not options:
        return Signature.UNKNOWN
    with tempfile.TemporaryDirectory() as directory:
        signed = Path(directory) / "data"
        signed.write_bytes(data)
        files = [str(signed)]
        if signature is not None:
            detached = Path(directory) / "signature"
            detached.write_bytes(signature)
            files.insert(0, str(detached))
        done = subprocess.run(
            ["gpgv", "--status-fd", "1", *options, *files],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    if "[GNUPG:] BADSIG" in done.stdout:
        return Signature.BAD
    # One known key is enough: distributions sign with the next year's key too, long before machines know it.
    return Signature.GOOD if "[GNUPG:] GOODSIG" in done.stdout else Signature.UNKNOWN
