import pytest

from bootbeam.lab.riscv64 import encode_jump


@pytest.mark.parametrize(
    ("address", "code"),
    # llvm-mc's and the manual's own encoding: lui x5, 0x20000; jalr x0, 0(x5)
    [(0x2000_0000, "b7020020" + "67800200"), (0x8020_0000, "b7022080" + "67800200")],
)
def test_the_jump(address: int, code: str) -> None:
    assert encode_jump(address).hex() == code
