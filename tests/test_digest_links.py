"""Links that are signed: nobody makes one up, and one that was made says the same for ever."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.digest_help import LINKER, LINKS, NOW, SITE
from tidings.digest.links import LIVES, SAVE, Claim, Linker, secret_of
from tidings.errors import InputError, NotFoundError, StoreError
from tidings.settings import Settings

CLAIMS = st.builds(
    Claim,
    st.sampled_from(list(LIVES)),
    st.integers(0, 2**31),
    st.integers(0, 2**31),
    st.integers(0, 2**31),
    st.just(NOW.date()),
)


@settings(deadline=None)
@given(CLAIMS)
def test_what_was_signed_is_read(claim: Claim) -> None:
    assert LINKER.read(claim.purpose, LINKER.token(claim), NOW) == claim


@settings(deadline=None)
@given(CLAIMS, CLAIMS)
def test_no_two_claims_share_a_link(one: Claim, other: Claim) -> None:
    assert (LINKER.link(one) == LINKER.link(other)) == (one == other)


@settings(deadline=None)
@given(CLAIMS, st.integers(0, 39), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
def test_no_letter_of_a_link_can_be_another(claim: Claim, place: int, letter: str) -> None:
    token = LINKER.token(claim)
    forged = token[:place] + letter + token[place + 1 :]
    if forged != token:
        with pytest.raises(NotFoundError):
            LINKER.read(claim.purpose, forged, NOW)


@settings(deadline=None)
@given(CLAIMS, st.sampled_from([*LIVES, "mark", "", "anything"]))
def test_a_link_is_for_one_purpose(claim: Claim, purpose: str) -> None:
    if purpose != claim.purpose:
        with pytest.raises(NotFoundError):
            LINKER.read(purpose, LINKER.token(claim), NOW)


@settings(deadline=None)
@given(CLAIMS)
def test_another_installation_believes_no_link_of_ours(claim: Claim) -> None:
    with pytest.raises(NotFoundError):
        Linker(b"another secret of many bytes", SITE).read(claim.purpose, LINKER.token(claim), NOW)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_said_for_a_link_is_calmly_refused(text: str) -> None:
    with pytest.raises(NotFoundError):
        LINKER.read(SAVE, text, NOW)


@pytest.mark.parametrize("purpose", LIVES)
def test_a_link_lives_as_long_as_it_says(purpose: str) -> None:
    token, life = LINKER.token(Claim(purpose, 1, 2, 3, NOW.date())), LIVES[purpose]
    assert LINKER.read(purpose, token, NOW + (life or timedelta(days=20_000)))
    if life is not None:
        with pytest.raises(NotFoundError):
            LINKER.read(purpose, token, NOW + life + timedelta(days=1))


def test_the_links_of_old_mails_read_as_they_did() -> None:
    claim = Claim("leave", 12, 77, 0, date(2025, 3, 20))
    token = "AAAADAAAAE0AAAAAB3GzoYS4ri31QrfIjRYb0wr2"
    assert LINKER.token(claim) == token, "mails that are out already hold links like this one"


def test_a_link_says_nothing_of_who_reads_it() -> None:
    assert LINKS.to(SAVE, 5) == f"{SITE}/mail/save/{LINKS.linker.token(Claim(SAVE, 12, 77, 5, NOW.date()))}"
    assert len(LINKS.to(SAVE, 5)) == len(SITE) + len("/mail/save/") + 40


def test_an_edition_is_marked_as_no_other() -> None:
    assert LINKS.mark == LINKER.edition(12, 77, date(2026, 1, 1)).mark
    marks = {LINKS.mark, replace(LINKS, edition=78).mark, replace(LINKS, linker=Linker(b"x" * 32, SITE)).mark}
    assert len(marks) == 3


# --- the secret ---


def test_the_secret_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    chosen = Settings(home=tmp_path / "home")
    first = secret_of(chosen)
    assert len(first) >= 32
    assert secret_of(chosen) == first
    assert stat.S_IMODE((tmp_path / "home" / "secret").stat().st_mode) == 0o600


def test_processes_that_make_it_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys; from tidings.settings import Settings; from tidings.digest.links import secret_of;"
        "sys.stdin.readline(); print(secret_of(Settings()).decode())"
    )
    environment = {**os.environ, "TIDINGS_HOME": str(tmp_path / "home")}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert len({process.communicate()[0] for process in started}) == 1


def test_a_secret_of_ones_own_is_taken_instead(tmp_path: Path) -> None:
    file = tmp_path / "shared"
    file.write_text("  a secret that machines share\n")
    assert secret_of(Settings(home=tmp_path / "home", secret_file=file)) == b"a secret that machines share"
    assert not (tmp_path / "home").exists()


def test_a_secret_that_can_be_guessed_or_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("short")
    for name in ("short", "absent"):
        with pytest.raises(InputError):
            secret_of(Settings(home=tmp_path, secret_file=tmp_path / name))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        secret_of(Settings(home=tmp_path / "file"))
