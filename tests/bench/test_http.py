"""What wrk says, in figures."""

import pytest

from bootbeam.bench.http import megabytes_per_second
from bootbeam.bench.place import LoadFailed


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Requests/sec:   1201.33\nTransfer/sec:      4.30GB\n", 4.30 * 1024**3 / 1e6),
        ("Transfer/sec:    512.00MB", 536.870912),
        ("Transfer/sec:    512.00KB", 0.524288),
        ("Transfer/sec:    500.00B", 0.0005),
    ],
)
def test_wrk_counts_in_powers_of_1024(said: str, value: float) -> None:
    assert megabytes_per_second(said) == pytest.approx(value)


def test_something_else_is_no_figure() -> None:
    with pytest.raises(LoadFailed, match="wrk said something else"):
        megabytes_per_second("unable to connect to 10.77.0.1:8080 Connection refused")
