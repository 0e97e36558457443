"""A day as a grid: like beside like without gaps, and its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.lively_help import LONG_AGO, TODAY, YESTERDAY, lively_house, paper_id, record
from tests.people_help import member
from tests.test_sync import take
from tests.topic_help import topical_house
from tests.web_people import House, house, words
from tidings.people import Role
from tidings.rank.grid import arranged

PAGE = f"/papers/date/{TODAY}/grid"


def circle(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places on a plane at random and directions that say the same of them in more dimensions."""
    places = np.random.default_rng(3).normal(size=(count, 2)).astype(np.float32)
    directions = np.concatenate([places, np.ones((count, 1), np.float32)], axis=1)
    return places, directions / np.linalg.norm(directions, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    records = [record(number) for number in range(1, 24)]
    records += [record(number, YESTERDAY) for number in range(24, 30)]
    with topical_house(tmp_path_factory.mktemp("grid"), records) as opened:
        opened.catalog.draw_map()
        yield opened


@pytest.fixture(scope="module")
def nobody(made: House) -> TestClient:
    return made.browser()


# --- the arrangement ---


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 24, 25, 26, 200])
@pytest.mark.parametrize("columns", [1, 5, 13])
def test_every_point_has_a_cell_of_its_own(count: int, columns: int) -> None:
    assert sorted(arranged(*circle(count), columns).tolist()) == list(range(count))


def test_neighbours_on_the_grid_are_alike_and_stand_as_they_do_on_the_plane() -> None:
    places, directions = circle(400)
    at = arranged(places, directions, 20).reshape(20, 20)
    beside = (directions[at[:, 1:]] * directions[at[:, :-1]]).sum(axis=-1).mean()
    assert beside > 0.9 > 2 * (directions @ directions.T).mean()
    across, upwards = places[at, 0].mean(axis=0), places[at, 1].mean(axis=1)
    assert across[-3:].mean() > across[:3].mean()
    assert upwards[:3].mean() > upwards[-3:].mean()


def test_the_same_papers_are_arranged_the_same() -> None:
    assert np.array_equal(arranged(*circle(60), 8), arranged(*circle(60), 8))


def test_identical_points_are_arranged() -> None:
    same = np.ones((9, 2), np.float32)
    assert sorted(arranged(same, same, 3).tolist()) == list(range(9))


# --- the day ---


def test_the_papers_of_a_topic_stand_together(made: House) -> None:
    grid = made.catalog.day_grid(TODAY)
    found = np.array([grid.topics[hit.paper.id].topic.id for hit in grid.day.page.hits])
    assert (len(grid.day.page.hits), grid.columns) == (23, 6)
    cells = [divmod(place, grid.columns) for place in range(23)]
    near = [
        found[one] == found[two]
        for one, (row, column) in enumerate(cells)
        for two, (other, beside) in enumerate(cells)
        if abs(row - other) + abs(column - beside) == 1
    ]
    assert np.mean(near) > 0.5  # of four topics, by chance a quarter


def test_hidden_papers_are_not_in_it(tmp_path: Path) -> None:
    with lively_house(tmp_path) as made:
        before = len(made.catalog.day_grid(TODAY).day.page.hits)
        made.catalog.hide(member(made.catalog, "Cora", Role.CURATOR), paper_id(1), "spam")
        hits = made.catalog.day_grid(TODAY).day.page.hits
        assert len(hits) == before - 1
        assert paper_id(1) not in made.browser().get(PAGE).text


def test_papers_that_came_after_the_map_stand_where_those_like_them_do(tmp_path: Path) -> None:
    with topical_house(tmp_path) as made:
        made.catalog.draw_map()
        take(made.store, record(40, title="Careful graph kernels, part 40"))
        made.catalog.catch_up()
        assert paper_id(40) in [hit.paper.key for hit in made.catalog.day_grid(TODAY).day.page.hits]


# --- the page ---


def test_each_paper_of_the_day_is_a_link_with_its_title_and_topic(nobody: TestClient) -> None:
    page = nobody.get(PAGE)
    links = re.findall(r'<a href="/paper/(arxiv:2603\.\d+)" class="hue\d+ shade\d">', page.text)
    assert sorted(links) == [paper_id(number) for number in range(1, 24)]
    assert "Careful graph kernels, part 4<small>Graph kernels</small>" in page.text
    assert "<script" not in page.text.partition("<main")[2].partition("</main>")[0]


def test_the_colours_are_explained_and_lead_to_their_areas(nobody: TestClient) -> None:
    text = words(nobody.get(PAGE))
    assert "Structures 11" in text
    assert "Signals 12" in text


def test_days_lead_to_each_other_and_to_the_list_and_back(nobody: TestClient) -> None:
    assert f'href="/papers/date/{YESTERDAY}/grid" rel="prev"' in nobody.get(PAGE).text
    assert f'href="/papers/date/{TODAY}/grid" rel="next"' in nobody.get(f"/papers/date/{YESTERDAY}/grid").text
    assert f'href="{PAGE}"' in nobody.get(f"/papers/date/{TODAY}").text
    assert nobody.get("/papers/date/grid", follow_redirects=False).headers["location"] == PAGE
    assert 'href="/papers/date/grid"' in nobody.get("/map").text


def test_a_day_without_papers_says_which_have_some(nobody: TestClient) -> None:
    text = words(nobody.get(f"/papers/date/{TODAY + timedelta(days=9)}/grid"))
    assert "Nothing is listed on" in text
    assert nobody.get("/papers/date/2026-13-40/grid").status_code == 404


def test_the_grid_is_sent_again_only_when_it_changed(nobody: TestClient) -> None:
    tag = nobody.get(PAGE).headers["etag"]
    assert nobody.get(PAGE, headers={"if-none-match": tag}).status_code == 304


def test_without_topics_and_without_a_map_there_is_a_grid(tmp_path: Path) -> None:
    with lively_house(tmp_path) as made:
        page = made.browser().get(PAGE)
        assert page.text.count('<a href="/paper/arxiv:2603.') == 12
        assert "no topic yet 12" in words(page)
        assert made.browser().get(f"/papers/date/{LONG_AGO}/grid").status_code == 200


def test_an_empty_archive_leads_to_what_would_fill_it(tmp_path: Path) -> None:
    with house(tmp_path) as made:
        assert made.browser().get("/papers/date/grid", follow_redirects=False).headers["location"] == "/new"
        assert "Nothing is listed" in words(made.browser().get(PAGE))
