"""The map, as a reader and a program see it, and as a picture."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from starlette.testclient import TestClient

from tests.lively_help import lively_house, record
from tests.test_sync import take
from tests.topic_help import topical_house
from tests.web_people import House, house, words
from tidings.catalog import Catalog
from tidings.catalog.map_picture import as_png, as_svg, colour_of
from tidings.cli import cli
from tidings.errors import BusyError, InputError, NotFoundError
from tidings.index.maps import read_map, write_map
from tidings.index.topics import topics_lock
from tidings.types import EDGE, NOWHERE, Sheet

PAPERS = 40
EVERYWHERE = ",".join(map(str, (-EDGE, -EDGE, EDGE, -EDGE, EDGE, EDGE, -EDGE, EDGE)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    records = [record(number, year=2020 + number % 3) for number in range(1, PAPERS + 1)]
    with topical_house(tmp_path_factory.mktemp("map"), records) as opened:
        opened.catalog.draw_map()
        yield opened


@pytest.fixture(scope="module")
def nobody(made: House) -> TestClient:
    return made.browser()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[House]:
    """An installation of one's own, to change things in."""
    with topical_house(tmp_path, [record(number) for number in range(1, PAPERS + 1)]) as opened:
        yield opened


def sheet(catalog: Catalog) -> Sheet:
    found = catalog.map_sheet()
    assert found is not None
    return found


def places(catalog: Catalog) -> NDArray[np.float32]:
    folder = catalog.topics_folder()
    assert folder is not None
    found = read_map(folder)
    assert found is not None
    return found


# --- drawing ---


def test_every_paper_stands_somewhere_and_like_beside_like(made: House) -> None:
    found = sheet(made.catalog)
    there = np.flatnonzero(found.x != NOWHERE)
    assert len(there) == found.papers == PAPERS
    spots = np.stack([found.x[there], found.y[there]], axis=1).astype(float)
    distance = np.linalg.norm(spots[:, None] - spots[None], axis=-1)
    same = found.topic[there][:, None] == found.topic[there][None]
    np.fill_diagonal(distance, np.nan)
    assert np.nanmedian(distance[same]) < 0.6 * np.nanmedian(distance[~same])


def test_papers_stay_where_they_are_when_others_come(own: House) -> None:
    own.catalog.draw_map()
    before = places(own.catalog)
    take(own.store, record(200, title="Careful graph kernels, part 200"))
    own.catalog.catch_up()
    report = own.catalog.draw_map()
    after = places(own.catalog)
    assert report == replace(report, papers=PAPERS + 1, placed=1, anew=False)
    assert np.array_equal(after[: len(before)], before, equal_nan=True)
    assert np.isfinite(after[-1]).all()


def test_a_map_drawn_anew_begins_with_the_one_before(own: House) -> None:
    own.catalog.draw_map()
    before = places(own.catalog)
    assert own.catalog.draw_map(anew=True).anew
    moved = np.linalg.norm(places(own.catalog) - before, axis=1)
    assert np.nanmedian(moved) < 0.35 * np.nanmax(np.abs(before))


def test_a_damaged_map_is_drawn_anew(own: House) -> None:
    own.catalog.draw_map()
    folder = own.catalog.topics_folder()
    assert folder is not None
    (folder / "map.npy").write_bytes(b"\x93NUMPY torn")
    assert own.catalog.map_sheet() is None
    assert own.catalog.draw_map().anew
    assert sheet(own.catalog).papers == PAPERS


def test_a_drawing_that_is_killed_leaves_the_map_before(own: House, monkeypatch: pytest.MonkeyPatch) -> None:
    own.catalog.draw_map()
    before = places(own.catalog)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_map(own.catalog.topics_folder() or Path(), before + 1)
    assert np.array_equal(places(own.catalog), before, equal_nan=True)


def test_one_process_draws_at_a_time(own: House) -> None:
    with topics_lock(own.catalog.settings.root / "topics"), pytest.raises(BusyError):
        own.catalog.draw_map()


def test_whoever_tends_topics_draws_the_map_unless_another_does(own: House) -> None:
    with topics_lock(own.catalog.settings.root / "topics"):
        assert own.catalog.draw_map_due() is None
    drawn = own.catalog.draw_map_due()
    assert drawn is not None
    assert drawn.papers == own.catalog.stats().papers


def test_papers_without_a_known_word_have_no_place_and_identical_ones_have_their_own(tmp_path: Path) -> None:
    same = [record(number, title="Graph kernels", abstract="The same.") for number in range(1, 9)]
    others = [record(number) for number in range(9, 13)]
    with topical_house(tmp_path, [*same, *others, record(13, title="⁂", abstract="")]) as made:
        made.catalog.draw_map()
        found = sheet(made.catalog)
        there = np.flatnonzero(found.x != NOWHERE)
        assert found.papers == 12
        assert len(np.unique(np.stack([found.x[there], found.y[there]]), axis=1).T) == 12


# --- pages ---


def test_before_topics_the_page_says_what_would_fill_it(tmp_path: Path) -> None:
    with lively_house(tmp_path) as made:
        page = made.browser().get("/map")
        assert page.status_code == 200
        assert "tidings topics refit" in words(page)
        assert "<canvas" not in page.text
        with pytest.raises(NotFoundError, match="topics refit"):
            made.catalog.draw_map()


def test_before_the_map_the_page_says_what_draws_it(own: House) -> None:
    browser = own.browser()
    assert "tidings map draws one" in words(browser.get("/map"))
    assert browser.get("/map/points").status_code == 404
    assert browser.get(f"/map/inside?ring={EVERYWHERE}").status_code == 404


def test_the_page_says_in_words_what_the_map_shows(nobody: TestClient) -> None:
    page = nobody.get("/map")
    text = words(page)
    assert f"{PAPERS} papers, like beside like" in text
    assert "Graph kernels 10" in text
    assert '<a href="/topics/3-graph-kernels">' in page.text
    assert "<noscript>" in page.text


def test_the_points_come_in_one_piece_and_once(made: House, nobody: TestClient) -> None:
    address = re.search(r'data-points="([^"]+)"', nobody.get("/map").text)
    assert address is not None
    answer = nobody.get(address[1])
    found = sheet(made.catalog)
    rows = len(found.x)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(answer.content) == 8 * rows
    assert np.array_equal(np.frombuffer(answer.content[: 2 * rows], "<i2"), found.x)
    assert np.array_equal(np.frombuffer(answer.content[4 * rows : 6 * rows], "<u2"), found.topic)
    again = nobody.get("/map/points", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "no-cache")


def test_points_are_packed_for_whoever_takes_it(made: House, nobody: TestClient) -> None:
    plain = nobody.get("/map/points", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with nobody.stream("GET", "/map/points", headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert gzip.decompress(packed) == plain.content


def test_titles_are_told_by_number(made: House, nobody: TestClient) -> None:
    number = int(np.flatnonzero(sheet(made.catalog).x != NOWHERE)[0])
    [told] = nobody.get(f"/map/titles?ids={number},{number},999999,-1").json()
    assert told["id"] == number
    assert told["href"].startswith("/paper/arxiv:2603.")
    assert told["title"].startswith("Careful")
    assert nobody.get("/map/titles?ids=").json() == []


@pytest.mark.parametrize("ids", ["a", "1,,2", "1;2", ",".join(map(str, range(201))), ",".join("9" * 2000), "9" * 40])
def test_numbers_that_make_no_sense_are_refused(nobody: TestClient, ids: str) -> None:
    assert nobody.get(f"/map/titles?ids={ids}").status_code == 400


def test_a_search_marks_papers(made: House, nobody: TestClient) -> None:
    answer = nobody.get("/map/found?q=graph+kernels").json()
    titles = {told["title"] for told in nobody.get(f"/map/titles?ids={','.join(map(str, answer['ids'][:10]))}").json()}
    assert all("graph kernels" in title for title in titles)
    assert len(nobody.get("/map/found?q=year:2020").json()["ids"]) == sum(n % 3 == 0 for n in range(1, PAPERS + 1))
    assert nobody.get("/map/found?q=").json() == {"ids": [], "total": 0}
    assert nobody.get("/map/found?q=year:x").status_code == 400


def test_a_line_around_papers_leads_to_an_interest(made: House, nobody: TestClient) -> None:
    answer = nobody.get(f"/map/inside?ring={EVERYWHERE}").json()
    assert answer["count"] == PAPERS
    assert answer["interest"].startswith("/interests?like=arxiv:2603.")
    assert answer["interest"].count("like=") == 30
    form = made.person("Ada").get(answer["interest"])
    assert form.text.count("arxiv:2603.") >= 30


def test_a_line_holds_what_is_within_it_and_passes_the_filter(made: House, nobody: TestClient) -> None:
    found = sheet(made.catalog)
    mark = found.landmarks[0]
    x, y = found.x[found.topic == 1], found.y[found.topic == 1]
    ring = [(int(x.min()) - 1, int(y.min()) - 1), (int(x.max()) + 1, int(y.min()) - 1)]
    ring += [(int(x.max()) + 1, int(y.max()) + 1), (int(x.min()) - 1, int(y.max()) + 1)]
    assert made.catalog.map_inside(ring).count >= mark.size
    asked = nobody.get(f"/map/inside?ring={EVERYWHERE}&from=2021&to=2021").json()
    assert asked["count"] == sum(n % 3 == 1 for n in range(1, PAPERS + 1))
    assert nobody.get(f"/map/inside?ring={EVERYWHERE}&source=arxiv").json()["count"] == PAPERS
    assert nobody.get("/map/inside?ring=0,0,0,0,0,0").json() == {"count": 0, "papers": [], "interest": None}


@pytest.mark.parametrize(
    "asked", ["ring=", "ring=1,2,3", "ring=1,2,3,4", "ring=0,0,1,0,1,1&source=x", "ring=0,0,1,0,1,1&from=x"]
)
def test_a_line_that_makes_no_sense_is_refused(nobody: TestClient, asked: str) -> None:
    assert nobody.get(f"/map/inside?{asked}").status_code == 400


def test_a_line_has_so_many_corners_at_most(made: House) -> None:
    with pytest.raises(InputError):
        made.catalog.map_inside([(0, 0)] * 401)


# --- pictures ---


def test_without_a_script_the_page_shows_a_picture(nobody: TestClient) -> None:
    still = nobody.get("/map").text.partition("<noscript>")[2].partition("</noscript>")[0]
    for address in re.findall(r'(?:src|srcset)="([^"]+)"', still):
        answer = nobody.get(address.replace("&amp;", "&"))
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "Structures" in answer.text
    assert nobody.get("/map/picture.svg").headers["cache-control"] == "no-cache"
    assert nobody.get("/map/picture.svg?dark=2").status_code == 400


def pixels(png: bytes) -> NDArray[np.uint8]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    size = int.from_bytes(png[16:20], "big")
    start = png.index(b"IDAT")
    length = int.from_bytes(png[start - 4 : start], "big")
    rows = np.frombuffer(zlib.decompress(png[start + 4 : start + 4 + length]), np.uint8).reshape(size, -1)
    return rows[:, 1:].reshape(size, size, 3)


@pytest.mark.parametrize("dark", [True, False])
def test_the_picture_shows_papers_on_their_ground(made: House, dark: bool) -> None:
    shown = pixels(as_png(sheet(made.catalog), 300, dark))
    ground = shown[0, 0].tolist()
    assert ground == ([21, 20, 18] if dark else [251, 248, 241])
    assert PAPERS <= np.count_nonzero((shown != ground).any(axis=2)) < 300 * 300 / 4


def test_areas_have_colours_of_their_own() -> None:
    assert len({colour_of(area) for area in range(20)}) == 20


def test_the_drawing_names_topics(made: House) -> None:
    svg = as_svg(sheet(made.catalog), 800).decode()
    assert "Structures" in svg
    assert "data:image/png;base64," in svg


def test_the_command_draws_and_writes_both(made: House, tmp_path: Path) -> None:
    png, svg = tmp_path / "map.png", tmp_path / "map.svg"
    asked = ["map", "--home", str(made.catalog.settings.root), "--png", str(png), "--svg", str(svg), "--size", "300"]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 0, done.output
    assert f"{PAPERS} papers on the map" in done.output
    assert pixels(png.read_bytes()).shape == (300, 300, 3)
    assert svg.read_text().startswith("<svg")


def test_the_command_says_what_a_map_needs(tmp_path: Path) -> None:
    with house(tmp_path):
        done = CliRunner().invoke(cli, ["map", "--home", str(tmp_path)])
    assert isinstance(done.exception, NotFoundError)
