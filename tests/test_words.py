"""Names and addresses as they are kept: nothing that disguises, nothing that names another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.catalog.words import email_of, name_of, one_line
from tidings.errors import InputError

ADA = "ada@lab.example"


@pytest.mark.parametrize(
    "text",
    ["ada@lab.example", " ADA@LAB.EXAMPLE\n", "Ada@Lab.Example"],
)
def test_an_address_is_kept_in_lower_case(text: str) -> None:
    assert email_of(text) == ADA


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "ada@", "@lab.example", "ada@lab", "ada@@lab.example", "ada@lab..example", "ada@.example"),
        *(
            "ada@lab.example.",
            "ada@-lab.example",
            "ada@lab-.example",
            "a da@lab.example",
            "ada@lab.example,b@c.example",
        ),
        *(
            "<ada@lab.example>",
            "Ada <ada@lab.example>",
            '"ada"@lab.example',
            "ada@[192.0.2.1]",
            "ada@lab.exa\u00admple",
        ),
        *("ada@lab.example\r\nBcc: b@c.example", "ada\x00@lab.example", "ada@lab\u202e.example", "\ud800@lab.example"),
        *("mi\u212ae@lab.example", "ad\u00e4@lab.example", "ada@l\u0430b.example", "ada\uff20lab.example"),
        *("a" * 65 + "@lab.example", "ada@" + "a" * 64 + ".example", "ada@" + "a." * 130 + "example", "a@" * 50_000),
    ],
)
def test_what_is_no_address_is_refused_and_so_is_one_that_only_looks_like_another(text: str) -> None:
    with pytest.raises(InputError, match="not an e-mail address"):
        email_of(text)


@given(st.text(max_size=200))
def test_a_name_is_always_one_line_that_can_be_seen_and_says_no_address(text: str) -> None:
    name = name_of(text)
    assert 0 < len(name) <= 80
    assert name == " ".join(name.split())
    assert "@" not in name
    assert any(character.isprintable() and character != " " for character in name)
    assert not set(name) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\x00\n")


def test_names_keep_what_languages_need_and_lose_what_disguises() -> None:
    assert name_of("  Zoë \n Müller ") == "Zoë Müller"
    assert name_of("می\u200cخواهم") == "می\u200cخواهم"
    assert name_of("Ada\u202egro.live") == "Adagro.live"
    assert [name_of(odd) for odd in ("", "@", "\u200d", "\x00\x1b", "\u202e", "@lab.example")] == ["Reader"] * 6
    assert one_line("x" * 10_000, 500) == "x" * 500
    assert one_line("a" + " " * 600 + "b", 500) == "a b"
