"""The last line, which is all that some people read."""

from bootbeam.doctor.finding import ok, port_words, problem, summary, warning


def test_problems_come_first_and_each_area_once() -> None:
    found = [
        warning("loaders", "a"),
        ok("disk", "b"),
        problem("ports", "c"),
        problem("DHCP", "d"),
        warning("ports", "e"),
    ]
    assert summary(found) == "2 problems, 2 warnings: ports, DHCP, loaders"
    assert summary([warning("loaders", "a")]) == "1 warning: loaders"
    assert summary([ok("disk", "b")]) == "No problem found: ready to serve."


def test_ports_are_written_as_people_do() -> None:
    assert port_words([("udp", 67), ("udp", 69), ("tcp", 8080), ("udp", 67)]) == "UDP 67, 69 and TCP 8080"
    assert port_words([("tcp", 80)]) == "TCP 80"
