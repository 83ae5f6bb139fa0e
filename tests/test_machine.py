from bootbeam.machine import Cpu


def test_the_names_are_ipxes_own_buildarch_words() -> None:
    assert {str(cpu) for cpu in Cpu} == {"i386", "x86_64", "arm32", "arm64", "riscv32", "riscv64", "loong64"}
