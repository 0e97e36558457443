"""Names that a language model offers: asked once for each question, within a budget, and taken by curators alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from tests.people_help import member
from tests.topic_help import topical_house
from tests.web_people import House
from tidings.cli import cli
from tidings.errors import FetchError, InputError, SourceError
from tidings.people import Reader, Role
from tidings.sources.client import Client

SAID = {"Graph kernels": "“Kernels on Graphs.”\nBecause …", "Protein folding": "Folding of Proteins"}


class Model:
    """An endpoint that answers as its script says, and remembers what it was asked."""

    def __init__(self, says: dict[str, str] | None = None, tokens: int = 100) -> None:
        self.says, self.tokens = SAID if says is None else says, tokens
        self.status = 200
        self.asked: list[str] = []
        self.keys: list[str | None] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        assert (str(request.url), body["model"]) == ("http://localhost:11434/v1/chat/completions", "tiny")
        self.asked.append(body["messages"][-1]["content"])
        self.keys.append(request.headers.get("authorization"))
        words = self.asked[-1].splitlines()[0].lower()
        name = next((name for about, name in self.says.items() if about.lower() in words), f"Name {len(self.asked)}")
        answer = {"choices": [{"message": {"content": name}}], "usage": {"total_tokens": self.tokens}}
        return httpx2.Response(self.status, json=answer)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def made(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    (tmp_path / "key").write_text("s3cret\n")
    names = {"url": "http://localhost:11434/v1/", "model": "tiny", "key_file": tmp_path / "key", "tokens": 250}
    with topical_house(tmp_path / "home", names=names) as opened:
        opened.catalog._transport = httpx2.MockTransport(model)
        yield opened


@pytest.fixture
def cora(made: House) -> Reader:
    return member(made.catalog, "Cora", Role.CURATOR)


def names_in(made: House) -> dict[int, str]:
    return {topic.id: topic.name for topic in made.store.topics.all()}


def offered(made: House, cora: Reader, most: int = 20) -> dict[str, str]:
    return {offer.topic.name: offer.name for offer in made.catalog.offer_names(cora, most=most)}


def test_a_model_sees_words_and_titles_and_its_answer_is_cleaned(made: House, cora: Reader, model: Model) -> None:
    found = offered(made, cora, 1)
    question = next(iter(model.asked))
    assert len(found) == len(model.asked) == 1
    assert "Words of the topic: " in question and question.count("\n- ") >= 1
    assert model.keys == ["Bearer s3cret"]
    assert not {"“", "\n", "."} & set("".join(found.values()))


def test_a_budget_ends_a_run_and_the_next_one_goes_on_without_asking_again(
    made: House, cora: Reader, model: Model
) -> None:
    first = offered(made, cora)
    assert len(first) == len(model.asked) == 3  # of 250 tokens, 100 each
    second = offered(made, cora)
    assert len(second) == 6 and first.items() <= second.items()
    assert len(model.asked) == len(set(model.asked)) == 6


def test_what_was_offered_before_a_refusal_is_kept(made: House, cora: Reader, model: Model) -> None:
    offered(made, cora, 1)
    model.status = 401
    with pytest.raises(FetchError, match="401"):
        offered(made, cora, 2)
    model.status = 200
    offered(made, cora, 2)
    assert len(set(model.asked)) == 2


def test_nothing_said_is_no_name(made: House, cora: Reader, model: Model) -> None:
    model.says = {"": " \n"}
    with pytest.raises(SourceError, match="no name"):
        offered(made, cora, 1)


def test_a_topic_that_a_curator_named_is_not_asked_for(made: House, cora: Reader, model: Model) -> None:
    made.catalog.rename_topic(cora, "graph-kernels", "Mine")
    assert "Mine" not in offered(made, cora) | offered(made, cora)


def test_without_a_model_it_is_said_what_to_set(tmp_path: Path) -> None:
    with topical_house(tmp_path) as plain, pytest.raises(InputError, match="TIDINGS_NAMES_URL"):
        plain.catalog.offer_names(member(plain.catalog, "Cora", Role.CURATOR))


def test_a_command_takes_what_is_offered(
    made: House, cora: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = Model()
    monkeypatch.setattr(
        "tidings.sources.client.open_client",
        lambda gates, *, trusted=None, record=None, replay=None, **given: Client(
            gates, transport=httpx2.MockTransport(model), **given
        ),
    )
    environment = {"TIDINGS_NAMES_URL": "http://localhost:11434/v1", "TIDINGS_NAMES_MODEL": "tiny"}
    asked = ["topics", "offer", "--home", str(tmp_path / "home"), "--by", "cora@lab.example"]
    told = CliRunner().invoke(cli, asked, env=environment)
    assert told.exit_code == 0 and "Graph kernels  →  Kernels on Graphs" in told.output
    assert names_in(made)[3] == "Graph kernels"
    taken = CliRunner().invoke(cli, [*asked, "--take"], env=environment)
    assert taken.exit_code == 0
    assert names_in(made)[3] == "Kernels on Graphs"
    assert len(set(model.asked)) == len(model.asked)
