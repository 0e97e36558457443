"""The settings of names that a language model offers for topics; nothing needs one."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tidings.settings.group import Group


class NamesSettings(Group):
    """An endpoint that speaks OpenAI's chat completions, one's own or rented. Without an address none is asked."""

    url: str | None = Field(None, description="Where the endpoint is, as http://localhost:11434/v1 or a rented one.")
    model: str | None = Field(None, description="The model that is asked, as that endpoint calls it.")
    key_file: Path | None = Field(None, description="A file with the API key, where one is needed.")
    tokens: int = Field(50_000, ge=100, description="Tokens that one run of `tidings topics offer` may use.")
    interval: float = Field(0.0, ge=0, description="Seconds between two requests.")
