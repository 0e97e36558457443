"""What people write about themselves and their papers, as it is kept: on one line, cut, with nothing that disguises."""

from __future__ import annotations

import re

from tidings.errors import InputError
from tidings.plain import collapse

LONGEST_NAME = 80
LONGEST_LABEL = 120
LONGEST_NOTE = 500

# What <input type=email> takes (https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address), with a dot in
# the domain. ASCII only: some letters of other scripts turn into ASCII ones when they are put into lower case, and
# would name somebody else's account. An international domain has its xn-- form.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+", re.ASCII)
_LONGEST_EMAIL = 254  # RFC 5321 with erratum 1690


def one_line(text: str, longest: int) -> str:
    """Return a text on one line, cut, without control characters and marks of direction; "" if nothing can be seen."""
    line = collapse(text)[:longest].rstrip()
    return line if any(character.isprintable() and not character.isspace() for character in line) else ""


def name_of(text: str) -> str:
    """Return a name to show: one line, cut; of an address, what stands before the @. Never empty."""
    return one_line(text.partition("@")[0], LONGEST_NAME) or "Reader"


def email_of(text: str) -> str:
    """Return an address as it is kept: lower case, no blanks around.

    Raises:
        InputError: it is none.
    """
    stripped = text.strip()
    address = stripped.lower() if stripped.isascii() else ""
    if len(address) > _LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        raise InputError("that is not an e-mail address")
    return address
