"""Every setting: name, type, default, help. Read from the environment as ``TIDINGS_<NAME>``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tidings.errors import InputError


class Settings(BaseSettings):
    """What an installation can choose."""

    model_config = SettingsConfigDict(env_prefix="TIDINGS_", extra="ignore")

    home: Path = Field(Path("~/.local/share/tidings"), description="The folder that holds everything: store and index.")
    database_url: str | None = Field(
        None, description="SQLAlchemy address of the store. Empty means the SQLite file tidings.db in the home folder."
    )
    host: str = Field("127.0.0.1", description="The address that the page is served at.")
    port: int = Field(8000, ge=0, le=65535, description="The port that the page is served at; 0 takes a free one.")
    workers: int = Field(
        0, ge=0, le=64, description="Processes that answer requests; 0 means one for each core, at most 4."
    )
    page_size: int = Field(20, ge=1, le=100, description="Papers on a page of results.")
    depth: int = Field(
        300, ge=100, le=10_000, description="How many of the most related papers paging, sorting and facets can reach."
    )

    def __init__(self, **values: Any) -> None:
        """Read the settings.

        Raises:
            InputError: a value is none that its setting can have.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InputError("; ".join(f"TIDINGS_{_name(e)}: {e['msg']}" for e in error.errors())) from error

    @property
    def folder(self) -> Path:
        """The home folder with ``~`` resolved."""
        return self.home.expanduser()


def _name(error: Any) -> str:
    return "_".join(map(str, error["loc"])).upper()
