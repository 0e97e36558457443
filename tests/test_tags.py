"""Tags: by a line of description at once, better by examples, and none in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from starlette.testclient import TestClient

import tidings
from tests.lively_help import entry, lively_house, paper_id
from tests.people_help import member, merge, papers
from tests.people_help import paper_id as other_id
from tests.web_people import House, words
from tidings.catalog import Catalog
from tidings.cli import cli
from tidings.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from tidings.learn.tagging import LINE, common_of, confidence, tag_head, tag_scores
from tidings.people import Reader, Role


def vectors(count: int, seed: int, toward: int | None = None) -> NDArray[np.float32]:
    made: NDArray[np.float32] = np.random.default_rng(seed).normal(size=(count, 32)).astype(np.float32)
    if toward is not None:
        made[:, toward] += 8
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with tidings.open(tmp_path_factory.mktemp("home")) as catalog:
        catalog.add_sample()
        catalog.catch_up()
        yield catalog


@pytest.fixture(scope="module")
def curator(sample: Catalog) -> Reader:
    return member(sample, "Cora", Role.CURATOR)


# --- heads ---


def test_a_head_finds_what_its_text_points_at() -> None:
    everything = np.concatenate([vectors(200, 1), vectors(10, 2, toward=3)])
    text = np.zeros(32, np.float32)
    text[3] = 1
    head = tag_head(common_of(everything), text, everything[:0], everything[:0])
    scores = tag_scores([head], everything)[0]
    assert set(np.argsort(-scores)[:10]) == set(range(200, 210))
    assert abs(float(scores.mean())) < 0.01 and abs(float(scores.std()) - 1) < 0.01


def test_examples_alone_teach_and_misfits_push_away() -> None:
    everything = np.concatenate([vectors(200, 1), vectors(10, 2, toward=3), vectors(10, 3, toward=4)])
    common, nothing = common_of(everything), np.zeros(32, np.float32)
    fits = tag_scores([tag_head(common, nothing, everything[200:203], everything[:0])], everything)[0]
    assert fits[203:210].min() > fits[:200].max()
    pushed = tag_scores([tag_head(common, nothing, everything[200:203], everything[210:213])], everything)[0]
    assert pushed[213:].mean() < fits[213:].mean()


def test_what_says_nothing_scores_nothing() -> None:
    everything = vectors(50, 1)
    head = tag_head(common_of(everything), np.zeros(32, np.float32), everything[:0], everything[:0])
    assert not tag_scores([head], everything).any()
    empty = common_of(everything[:0])
    assert not tag_scores([tag_head(empty, everything[0], everything[:0], everything[:0])], everything).any()
    assert tag_scores([], everything).shape == (0, 50)


def test_a_paper_without_a_vector_is_never_sure() -> None:
    everything = vectors(50, 1)
    head = tag_head(common_of(everything), everything[0], everything[:0], everything[:0])
    assert confidence(tag_scores([head], np.zeros((1, 32), np.float32)))[0, 0] < LINE


# --- the façade ---


def test_a_tag_works_at_once_by_its_description(sample: Catalog, curator: Reader) -> None:
    sample.add_tag(curator, "diffusion", "denoising diffusion models that generate images")
    page, sure = sample.tagged("diffusion")
    assert 1 <= page.total < 60
    assert sum("diffusion" in f"{hit.paper.title} {hit.paper.abstract}".lower() for hit in page.hits[:5]) >= 3
    assert list(sure.values()) == sorted(sure.values(), reverse=True) and min(sure.values()) >= LINE


def test_papers_show_the_tags_that_are_sure_and_most_have_none(sample: Catalog, curator: Reader) -> None:
    sample.add_tag(curator, "speech", "speech recognition and synthesis")
    held = [hit.paper for hit in sample.newest(limit=100).hits]
    found = sample.tags_of(held)
    assert len(found) < len(held) / 2
    assert all(tag.confidence >= LINE for tags in found.values() for tag in tags)


def test_what_a_curator_said_of_a_paper_holds(sample: Catalog, curator: Reader) -> None:
    sample.add_tag(curator, "violins", "the making of violins")
    paper = sample.newest(limit=1).hits[0].paper
    for fits, confident in ((True, 1.0), (False, None), (None, None)):
        sample.teach_tag(curator, "violins", paper.key, fits)
        mine = [t.confidence for t in sample.tags_of([paper]).get(paper.id, ()) if t.tag.name == "violins"]
        assert mine == ([confident] if confident else [])
    assert sample.tag_examples("violins") == {}


def test_examples_make_papers_like_them_surer(sample: Catalog, curator: Reader) -> None:
    tag = sample.add_tag(curator, "mine", "what I work on")
    heard = [hit.paper for hit in sample.search("diffusion models for images", limit=12).hits]
    ids = np.array([paper.id for paper in heard[6:]], np.int64)
    before = sample._sure([tag], ids, ())[0].mean()
    for paper in heard[:6]:
        tag = sample.teach_tag(curator, tag.id, paper.key, True)
    assert tag.fits == 6
    assert sample._sure([tag], ids, ())[0].mean() > before


def test_names_are_one_of_each_kind_and_never_empty(sample: Catalog, curator: Reader) -> None:
    for name in ("graphs", "\u00celots"):
        sample.add_tag(curator, name)
    for name in ("Graphs", "\u00celots", "\u00eelots"):
        with pytest.raises(ConflictError, match="already"):
            sample.add_tag(curator, name)
    with pytest.raises(InputError, match="needs a name"):
        sample.add_tag(curator, " \u200b ")
    for which in ("nothing", 4711, "0", -1):
        with pytest.raises(NotFoundError):
            sample.tag(which)


def test_a_removed_tag_is_gone_from_every_paper(sample: Catalog, curator: Reader) -> None:
    sample.add_tag(curator, "passing", "speech recognition and synthesis")
    sample.remove_tag(curator, "passing")
    held = [hit.paper for hit in sample.newest(limit=100).hits]
    assert "passing" not in {tag.tag.name for tags in sample.tags_of(held).values() for tag in tags}


def test_an_empty_archive_has_tags_and_no_papers_of_them(tmp_path: Path) -> None:
    with tidings.open(tmp_path) as catalog:
        catalog.add_tag(member(catalog, "Cora", Role.CURATOR), "graphs")
        page, sure = catalog.tagged("graphs")
        assert (page.total, sure) == (0, {})


# --- pages ---


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    with lively_house(tmp_path) as opened:
        yield opened


def test_a_curator_makes_a_tag_and_says_of_a_paper_that_it_fits(made: House) -> None:
    cora, anybody = made.person("Cora", Role.CURATOR), made.browser()
    answer = cora.post("/tags", data={"name": "To read aloud", "description": "what sounds well"})
    place = answer.headers["location"]
    assert cora.post(f"/paper/{paper_id(3)}/tag", data={"tag": "To read aloud", "fits": "1"}).status_code == 303
    assert f'<a href="{place}" title="100 % sure">To read aloud</a>' in entry(anybody.get("/new").text, paper_id(3))
    assert "Tags To read aloud 100 % sure" in words(anybody.get(f"/paper/{paper_id(3)}"))
    assert "learnt from 1 example" in words(anybody.get(place))


def test_tags_are_listed_and_only_curators_see_the_forms(made: House) -> None:
    cora, anybody = made.person("Cora", Role.CURATOR), made.browser()
    assert "There are no tags yet" in words(anybody.get("/tags"))
    cora.post("/tags", data={"name": "striped"})
    assert "striped" in words(anybody.get("/tags"))
    assert 'action="/tags"' in cora.get("/tags").text
    assert 'action="/tags"' not in anybody.get("/tags").text
    assert cora.post("/tags/striped", data={"name": "dotted"}).status_code == 303
    assert "made tag:1: striped" in words(cora.get("/audit"))
    assert cora.post("/tags/dotted/remove").status_code == 303
    assert "There are no tags yet" in words(anybody.get("/tags"))


def test_an_example_follows_its_paper_into_another(made: House) -> None:
    cora: TestClient = made.person("Cora", Role.CURATOR)
    reader = made.reader(cora)
    papers(made.store, 0, 1, number=77)
    made.catalog.catch_up()
    tag = made.catalog.add_tag(reader, "striped")
    made.catalog.teach_tag(reader, tag.id, other_id(1, 77), True)
    survivor = merge(made.store, 0, 1, number=77)
    assert made.catalog.tag_examples(tag.id) == {survivor: 1}


# --- the API ---


def test_the_api_makes_teaches_shows_and_removes_tags(made: House) -> None:
    cora, anybody = made.person("Cora", Role.CURATOR), made.browser()
    made_tag = cora.post("/api/tags", json={"name": "To read aloud", "description": "what sounds well"})
    number = made_tag.json()["number"]
    assert made_tag.status_code == 201
    assert cora.post("/api/tags", json={"name": "to read aloud"}).status_code == 409
    assert cora.put(f"/api/tags/{number}/papers/{paper_id(3)}", json={"fits": True}).json()["fits"] == 1
    shown = anybody.get("/api/tags/To read aloud/papers").json()
    assert (shown["papers"][0]["paper"]["id"], shown["papers"][0]["confidence"]) == (paper_id(3), 1.0)
    assert anybody.get(f"/api/papers/{paper_id(3)}").json()["tags"][0]["name"] == "To read aloud"
    assert cora.patch(f"/api/tags/{number}", json={"name": "Aloud"}).json()["description"] == "what sounds well"
    assert cora.delete(f"/api/tags/{number}/papers/{paper_id(3)}").json()["fits"] == 0
    assert anybody.get("/api/tags").json()["tags"][0]["name"] == "Aloud"
    assert cora.delete("/api/tags/aloud").status_code == 204
    assert anybody.get("/api/tags").json() == {"tags": []}


def test_the_api_tells_of_a_paper_again_when_its_tags_changed(made: House) -> None:
    cora, anybody = made.person("Cora", Role.CURATOR), made.browser()
    tag = anybody.get(f"/api/papers/{paper_id(3)}").headers["etag"]
    assert anybody.get(f"/api/papers/{paper_id(3)}", headers={"if-none-match": tag}).status_code == 304
    cora.post("/api/tags", json={"name": "striped"})
    cora.put(f"/api/tags/striped/papers/{paper_id(3)}", json={"fits": True})
    assert anybody.get(f"/api/papers/{paper_id(3)}", headers={"if-none-match": tag}).status_code == 200


def test_a_change_of_a_tag_that_changes_nothing_is_refused(made: House) -> None:
    cora = made.person("Cora", Role.CURATOR)
    cora.post("/api/tags", json={"name": "striped"})
    assert cora.patch("/api/tags/striped", json={}).status_code == 400
    assert cora.post("/api/tags", json={"name": " "}).status_code == 400


# --- the command line ---


def test_tags_are_made_taught_and_shown_on_the_command_line(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path)]
    with tidings.open(tmp_path) as catalog:
        catalog.add_sample()
        catalog.catch_up()
        member(catalog, "Cora", Role.CURATOR)
        member(catalog, "Ada")
        paper = catalog.newest(limit=1).hits[0].paper.key
    run = CliRunner().invoke
    assert "no tags yet" in run(cli, ["tags", "list", *home]).output
    by = ["--by", "cora@lab.example"]
    assert "Tag 1: striped" in run(cli, ["tags", "add", "striped", "zebras", *home, *by]).output
    assert "1 that fit" in run(cli, ["tags", "teach", "striped", paper, *home, *by]).output
    assert paper in run(cli, ["tags", "show", "striped", *home]).output
    assert isinstance(run(cli, ["tags", "add", "x", *home, "--by", "ada@lab.example"]).exception, ForbiddenError)
    assert isinstance(run(cli, ["tags", "add", "x", *home, "--by", "nobody@lab.example"]).exception, NotFoundError)
    assert run(cli, ["tags", "remove", "striped", *home, *by]).exit_code == 0
