"""Interests and feeds on the pages: what is said, what is seen, why, and that it is nobody else's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.interest_help import interested_house, key, keys
from tests.lively_help import entry, listed, said
from tests.web_people import House, words
from tidings.learn.likely import calibrated
from tidings.people import Role
from tidings.store.lessons import Model
from tidings.types import DISMISSED, LIKED, LessonReport

JSON = {"accept": "application/json"}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    with interested_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(made: House) -> TestClient:
    return made.person("Ada")


def begin(browser: TestClient, name: str, **fields: str) -> str:
    """Make an interest by the form of the page; return the address of its feed."""
    response = browser.post("/interests", data={"name": name, **fields})
    assert response.status_code == 303
    return response.headers["location"]


def say(browser: TestClient, id: str, verdict: str, **fields: str) -> dict[str, object]:  # noqa: A002
    answer = browser.post(f"/paper/{id}/say", data={"verdict": verdict, **fields}, headers=JSON)
    assert answer.status_code == 200
    told: dict[str, object] = answer.json()
    return told


def of_theme(ids: list[str], theme: str) -> int:
    prefix = key(theme, 0).removesuffix("0000")
    return sum(each.startswith(prefix) for each in ids)


def number(shown: str) -> float:
    return float(shown.replace("−", "-").replace("+", ""))


# --- reading ---


def test_a_feed_of_a_few_words_begins_with_what_they_are_about(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Proteins", words="protein folding enzyme residues")
    page = ada.get(feed)
    assert page.status_code == 200
    assert of_theme(listed(page.text)[:8], "proteins") == 8
    assert "words: " in said(entry(page.text, listed(page.text)[0]))


def test_a_paper_says_which_likes_it_is_there_for(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", likes=" ".join(keys("planets", 9, 17)))
    page = ada.get(feed)
    first = entry(page.text, listed(page.text)[0])
    assert "because you liked" in said(first)
    assert any(f'href="/paper/{each}"' in first for each in keys("planets", 9, 17))


def test_the_parts_of_a_score_add_up_as_they_are_written(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit", likes=key("planets", 9))
    text = said(entry(ada.get(f"{feed}?explain=1").text, listed(ada.get(feed).text)[0]))
    whole = re.search(r"score ([−\d.]+) = (.*)", text)
    assert whole is not None
    parts = [number(part) for part in re.findall(r"[+−]\d+\.\d+", whole[2])]
    assert sum(parts) == pytest.approx(number(whole[1]), abs=0.005)


def test_all_interests_in_one_feed_name_the_one_that_speaks(made: House, ada: TestClient) -> None:
    begin(ada, "Planets", words="planet orbit telescope")
    begin(ada, "Voices", words="speech acoustic phoneme")
    page = ada.get("/feed")
    ids = listed(page.text)
    assert of_theme(ids[:10], "planets") >= 3
    assert of_theme(ids[:10], "speech") >= 3
    assert re.search(r'<p class="because"><a href="/feed/\d+">(Planets|Voices)</a>: ', entry(page.text, ids[0]))


def test_a_feed_has_the_name_of_its_interest_as_an_address_too(made: House, ada: TestClient) -> None:
    begin(ada, "Planets", words="planet orbit")
    assert words(ada.get("/feed/Planets")).startswith("Planets")


def test_what_was_seen_is_there_in_this_visit_and_not_in_the_next(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    first = listed(ada.get(feed).text)[0]
    assert ada.post("/feed/seen", data={"papers": first, "place": "1"}).status_code == 303
    assert first in listed(ada.get(feed).text)
    made.clock.at += timedelta(hours=13)
    assert first not in listed(ada.get(feed).text)
    assert "1 you saw" in words(ada.get(feed))
    assert first in listed(ada.get(f"{feed}?all=1").text)


def test_looking_at_a_feed_changes_nothing(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    before = listed(ada.get(feed).text)
    made.clock.at += timedelta(hours=13)
    assert listed(ada.get(feed).text) == before


def test_a_paper_that_was_opened_fades(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    first = listed(ada.get(feed).text)[0]
    ada.post("/feed/seen", data={"papers": first})
    assert ada.post(f"/paper/{first}/opened", headers=JSON).status_code == 200
    assert f'<li class="paper read" id="p{made.store.find(first)}"' in ada.get(feed).text


def test_the_two_numbers_of_a_feed_stand_in_its_address(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    page = ada.get(f"{feed}?breadth=0.25&freshness=0.75&days=30")
    assert 'name="breadth" min="0" max="1" step="0.25" value="0.25"' in page.text
    assert 'name="freshness" min="0" max="1" step="0.25" value="0.75"' in page.text
    assert ada.get(f"{feed}?breadth=2").status_code == 400
    assert ada.get(f"{feed}?freshness=fresh").status_code == 400
    assert ada.get(f"{feed}?days=0").status_code == 400


def test_below_the_line_is_said_where_it_begins(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit telescope transit")
    above, _, below = ada.get(f"{feed}?limit=100").text.partition("Below your line")
    assert of_theme(listed(above), "planets") == len(listed(above)) > 0
    assert listed(below)


def test_a_reader_without_interests_is_told_what_would_fill_the_feed(made: House, ada: TestClient) -> None:
    assert "There is no interest yet" in words(ada.get("/feed"))


def test_the_one_from_outside_is_marked_where_it_stands_and_noted_with_its_chance(made: House, ada: TestClient) -> None:
    begin(ada, "Planets", words="planet orbit telescope transit", likes=" ".join(keys("planets", 1, 2)))
    page = ada.get("/feed?days=30").text
    above = page.partition("Below your line")[0]
    [paper] = [each for each in listed(above) if "outside your usual" in entry(page, each)]
    assert re.search(r"Drawn by lot, 1 in \d+, from what your interests leave out", said(entry(page, paper)))
    form = dict(re.findall(r'<input type="hidden" name="(outside|chance)" value="([^"]+)">', page))
    assert form["outside"] == paper
    assert f'data-chance="{form["chance"]}"' in page
    ada.post("/feed/seen", data={"papers": " ".join(listed(page)), **form})
    reader = made.reader(ada)
    assert reader is not None
    [chance] = [each.chance for each in made.store.habits.all_showings(reader.account.id) if each.chance]
    assert chance == float(form["chance"])
    assert ada.post("/feed/seen", data={"papers": paper, "outside": paper, "chance": "much"}).status_code == 400
    without = re.search(r'<a href="([^"]+)">nothing from outside</a>', page)
    assert without is not None
    page = ada.get(without[1].replace("&amp;", "&")).text
    assert "outside your usual" not in page
    assert "one from outside</a>" in page


def test_how_likely_a_paper_would_be_liked_is_said_and_administrators_see_how_that_is_known(
    made: House, ada: TestClient
) -> None:
    begin(ada, "Planets", words="planet orbit")
    assert "would be liked" not in words(ada.get("/feed"))
    odds = calibrated(np.arange(100.0), np.arange(100) % 4 == 0, np.ones((100, 4), np.bool_))
    report = LessonReport(made.clock.at, "of 100 papers shown, 25 were liked", made.clock.at)
    made.store.lessons.keep("likely", Model(json.dumps(odds.state()).encode(), report))
    made.clock.at += timedelta(minutes=2)
    page = ada.get("/feed").text
    assert "; would be liked: about 1 in 4" in said(entry(page, listed(page)[0]))
    assert "Would be liked: about 1 in 4." in words(ada.get(f"/why-not?paper={key('planets', 1)}"))
    assert "of 100 papers shown" not in words(ada.get("/status"))
    assert "of 100 papers shown, 25 were liked" in words(made.person("Root", Role.ADMIN).get("/status"))


def test_what_a_page_showed_is_noted_of_the_feed_that_it_was(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    begin(ada, "Voices", words="speech acoustic")
    assert f'<input type="hidden" name="feed" value="{feed.rpartition("/")[2]}">' in ada.get(feed).text
    assert '<input type="hidden" name="feed" value="mine">' in ada.get("/feed").text
    for name in ("mine", feed.rpartition("/")[2], "others"):
        assert ada.post("/feed/seen", data={"papers": key("planets", 1), "feed": name}).status_code == 303
    for name in ("yours", "-1"):
        assert ada.post("/feed/seen", data={"papers": key("planets", 1), "feed": name}).status_code == 400
    assert ada.post("/feed/seen", data={"papers": key("planets", 1), "feed": "999"}).status_code == 404


# --- saying ---


def test_a_like_says_which_interest_took_it_and_twice_is_once(made: House, ada: TestClient) -> None:
    told = say(ada, key("speech", 1), "like")
    assert told == say(ada, key("speech", 1), "like")
    assert told["verdict"] == LIKED
    [interest] = made.catalog.interests(made.reader(ada))[0]
    assert told["interests"] == [{"name": "My papers", "href": f"/feed/{interest.id}"}]
    assert interest.liked == 1


def test_a_like_goes_to_the_interest_whose_feed_it_was_given_in(made: House, ada: TestClient) -> None:
    begin(ada, "Planets", words="planet orbit")
    voices = begin(ada, "Voices", words="speech acoustic")
    number = voices.rpartition("/")[2]
    assert f'name="interest" value="{number}"' in ada.get(voices).text
    say(ada, key("planets", 1), "like", interest=number)
    assert made.catalog.interest(made.reader(ada), "Voices").liked == 1


def test_a_button_shows_what_was_said_and_takes_it_back(made: House, ada: TestClient) -> None:
    say(ada, key("speech", 1), "dismiss")
    page = ada.get(f"/paper/{key('speech', 1)}").text
    assert 'name="verdict" value="back" aria-pressed="true" data-say="dismiss"' in page
    assert say(ada, key("speech", 1), "back")["verdict"] == 0
    assert 'value="dismiss" aria-pressed="false"' in ada.get(f"/paper/{key('speech', 1)}").text


def test_without_a_script_a_like_leads_back_to_its_entry(made: House, ada: TestClient) -> None:
    response = ada.post(f"/paper/{key('speech', 1)}/say", data={"verdict": "like", "next": "/search?q=speech"})
    assert response.headers["location"] == f"/search?q=speech#p{made.store.find(key('speech', 1))}"


def test_a_verdict_that_there_is_not_is_refused(made: House, ada: TestClient) -> None:
    assert ada.post(f"/paper/{key('speech', 1)}/say", data={"verdict": "love"}).status_code == 400
    assert made.catalog.verdicts(made.reader(ada), [made.catalog.paper(key("speech", 1))]) == {}


def test_a_dismissed_paper_leaves_the_feed(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    first = listed(ada.get(feed).text)[0]
    assert say(ada, first, "dismiss")["verdict"] == DISMISSED
    assert first not in listed(ada.get(feed).text)


def test_a_private_interest_is_nobody_elses(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit", likes=key("planets", 1))
    bob = made.person("Bob")
    for address in (feed, feed.replace("feed", "interests"), f"{feed.replace('feed', 'interests')}.json"):
        assert bob.get(address).status_code == 404
    assert "Planets" not in bob.get("/interests").text
    assert "Planets" not in words(bob.get("/feed/of/lab"))


def test_a_shared_interest_shows_the_lab_who_likes_what(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit", likes=key("planets", 8))
    number = feed.rpartition("/")[2]
    ada.post(f"/interests/{number}", data={"visibility": "lab"})
    bob = made.person("Bob")
    page = bob.get("/feed/of/lab?all=1")
    assert "liked by Ada" in said(entry(page.text, key("planets", 8)))
    assert bob.post(f"/interests/{number}", data={"name": "Mine"}).status_code == 403


# --- looking after ---


def test_an_interest_is_undone_step_by_step_and_goes_back_to_a_day(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    place = feed.replace("feed", "interests")
    say(ada, key("planets", 1), "like")
    yesterday = made.clock.at.date().isoformat()
    made.clock.at += timedelta(days=1)
    say(ada, key("planets", 2), "like")
    say(ada, key("planets", 3), "like")
    assert ada.post(f"{place}/undo").status_code == 303
    assert made.catalog.interest(made.reader(ada), "Planets").liked == 2
    assert ada.post(f"{place}/reset", data={"day": yesterday}).status_code == 303
    assert made.catalog.interest(made.reader(ada), "Planets").liked == 1
    assert ada.post(f"{place}/reset", data={"day": "yesterday"}).status_code == 400


def test_an_interest_travels_as_a_file(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit", likes=" ".join(keys("planets", 1, 2)))
    file = ada.get(f"{feed.replace('feed', 'interests')}.json")
    assert "attachment" in file.headers["content-disposition"]
    data = json.loads(file.text) | {"name": "Planets again"}
    assert ada.post("/interests/bring", data={"data": json.dumps(data)}).status_code == 303
    assert made.catalog.interest(made.reader(ada), "Planets again").liked == 2
    for damaged in ("", "[]", "{}", '{"form": 1}'):
        assert ada.post("/interests/bring", data={"data": damaged}).status_code == 400


def test_a_pasted_library_makes_an_interest_and_names_what_is_not_here(made: House, ada: TestClient) -> None:
    held = made.catalog.paper(key("speech", 3))
    library = f"@article{{a, title={{{held.title}}}, eprint={{{key('speech', 3)[6:]}}}, archiveprefix={{arXiv}}}}\n"
    library += "@book{b, title={A Book That Nobody Here Has}, author={Somebody}}"
    page = ada.post("/interests", data={"name": "Library", "library": library})
    assert page.status_code == 200
    assert "with 1 paper that this archive holds" in words(page)
    assert "A Book That Nobody Here Has" in words(page)


def test_a_search_and_a_paper_lead_to_a_form_that_is_filled_in(made: House, ada: TestClient) -> None:
    link = re.search(r'href="(/interests\?[^"]*)"', ada.get("/search?q=spectral+graph").text)
    assert link is not None
    assert "spectral graph" in ada.get(link[1].replace("&amp;", "&")).text
    link = re.search(r'href="(/interests\?[^"]*)"', ada.get(f"/paper/{key('speech', 1)}").text)
    assert link is not None
    assert f'value="{key("speech", 1)}"' in ada.get(link[1].replace("&amp;", "&")).text


def test_teaching_asks_about_papers_of_which_nothing_was_said(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit", likes=key("planets", 1))
    place = f"{feed.replace('feed', 'interests')}/teach"
    asked = listed(ada.get(place).text)
    assert 1 <= len(asked) <= 6
    say(ada, asked[0], "dismiss", interest=feed.rpartition("/")[2])
    assert asked[0] not in listed(ada.get(place).text)


def test_why_not_answers_in_sentences(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    number = feed.rpartition("/")[2]
    ada.post("/steering", data={"kind": "mute-word", "value": "planet"})
    muted = words(ada.get(f"/why-not?paper={listed(ada.get('/search?q=planet').text)[0]}&interest={number}"))
    assert "It is not in the feed of Planets" in muted
    assert "muted" in muted
    assert ada.get("/why-not?paper=arxiv:9999.99999").status_code == 404


def test_muting_and_following_are_seen_and_taken_back(made: House, ada: TestClient) -> None:
    feed = begin(ada, "Planets", words="planet orbit")
    first = listed(ada.get(feed).text)[0]
    author = made.catalog.paper(first).authors[0]
    ada.post("/steering", data={"kind": "mute-author", "value": author})
    assert author in words(ada.get("/steering"))
    assert first not in listed(ada.get(feed).text)
    ada.post("/steering", data={"kind": "mute-author", "value": author, "undo": "1"})
    assert first in listed(ada.get(feed).text)
    ada.post("/steering", data={"kind": "follow-author", "value": author})
    assert "whom you follow" in words(ada.get("/feed"))
    assert ada.post("/steering", data={"kind": "shout", "value": "x"}).status_code == 400
