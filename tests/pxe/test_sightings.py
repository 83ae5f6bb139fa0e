from bootbeam.pxe.sightings import Sightings


def test_a_sighting_counts_for_a_while() -> None:
    sightings = Sightings(limit=10, remembered_s=5)
    assert sightings.seen_at("a", 0) is None
    sightings.note("a", 1.0)
    assert sightings.seen_at("a", 5.9) == 1.0
    assert sightings.seen_at("a", 6.0) is None


def test_the_oldest_goes_first_when_there_are_too_many() -> None:
    sightings = Sightings(limit=2, remembered_s=100)
    for key in ("a", "b", "a", "c"):
        sightings.note(key, 0)
    assert [sightings.seen_at(key, 1) for key in ("a", "b", "c")] == [0, None, 0]
