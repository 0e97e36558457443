"""The façade is made of parts: none takes away what another one does for itself."""

from __future__ import annotations

from collections import defaultdict

from tidings.catalog import Catalog


def test_no_two_parts_of_the_facade_give_one_inner_name_to_two_things() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for part in Catalog.__mro__[:-1]:
        for name in vars(part):
            if name.startswith("_") and not name.startswith("__"):
                places[name].append(part.__name__)
    assert {name: parts for name, parts in places.items() if len(parts) > 1} == {}
