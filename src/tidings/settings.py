"""Every setting: name, type, default, help.

Read from ``TIDINGS_<NAME>``, else from ``tidings.toml`` in the home folder. Every source has a group of its own: its
names begin with the source's.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tidings.errors import InputError

_DEFAULT_HOME = Path("~/.local/share/tidings")
FILE = "tidings.toml"


def _separated(value: object) -> object:
    """Read "cs.LG, stat.ML" as a list, as people write it in the environment."""
    return [part for part in (p.strip() for p in value.split(",")) if part] if isinstance(value, str) else value


Names = Annotated[list[str], NoDecode, BeforeValidator(_separated)]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_default=True)

    @property
    def key(self) -> str | None:
        """The text of the key file, where one is named.

        Raises:
            InputError: the file cannot be read.
        """
        file: Path | None = getattr(self, "key_file", None)
        if file is None:
            return None
        try:
            return file.expanduser().read_text().strip() or None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the key file {file} cannot be read: {error}") from error


class ArxivSettings(_Group):
    """arXiv: the day's feed, the history, single papers."""

    categories: Names = Field(
        ["cs.AI", "cs.CL", "cs.CV", "cs.IR", "cs.LG", "cs.RO", "stat.ML"],
        description="The categories whose papers are taken, cross-lists included.",
    )
    history: int = Field(7, ge=0, le=10_000, description="Days of history that the first run takes.")
    interval: float = Field(3.0, ge=3.0, description="Seconds between two requests to any of arXiv's services.")
    feed_url: str = Field("https://rss.arxiv.org/atom", description="Where the day's announcements are.")
    oai_url: str = Field("https://oaipmh.arxiv.org/oai", description="Where the history is.")
    api_url: str = Field("https://export.arxiv.org/api/query", description="Where single papers are asked for.")


class HuggingfaceSettings(_Group):
    """Hugging Face Daily Papers."""

    url: str = Field("https://huggingface.co/api", description="Where the API is.")
    history: int = Field(7, ge=0, le=10_000, description="Days of history that the first run takes.")
    every: int = Field(60, ge=5, description="Minutes between two looks: votes are counted each time.")
    follow: int = Field(7, ge=1, le=60, description="Days for which a listed paper's votes are counted again.")
    key_file: Path | None = Field(None, description="A file with an access token; more requests are allowed with one.")


class OpenreviewSettings(_Group):
    """OpenReview, API version 2."""

    url: str = Field("https://api2.openreview.net", description="Where the API is.")
    venues: Names = Field([], description="Venue ids, as ICLR.cc/2026/Conference.")
    every: int = Field(720, ge=30, description="Minutes between two looks.")
    user: str | None = Field(None, description="The user name to log in with, where anonymous access is refused.")
    key_file: Path | None = Field(None, description="A file with the password of that user.")


class AclSettings(_Group):
    """The ACL Anthology's own XML."""

    place: str = Field(
        "https://codeload.github.com/acl-org/acl-anthology/tar.gz/refs/heads/master",
        description="A folder with a checkout of the Anthology, or the address of a tar archive of one.",
    )
    every: int = Field(10_080, ge=60, description="Minutes between two looks.")


class BiorxivSettings(_Group):
    """bioRxiv and medRxiv."""

    url: str = Field("https://api.biorxiv.org", description="Where the API is.")
    servers: Names = Field(["biorxiv", "medrxiv"], description="Which of the two.")
    categories: Names = Field([], description="The subject areas that are taken, as bioinformatics; none means all.")
    history: int = Field(7, ge=0, le=10_000, description="Days of history that the first run takes.")
    every: int = Field(360, ge=30, description="Minutes between two looks.")


class SemanticscholarSettings(_Group):
    """Semantic Scholar: ids, venues, citations and fields of papers that are held. Off without a key."""

    url: str = Field("https://api.semanticscholar.org", description="Where the API is.")
    key_file: Path | None = Field(None, description="A file with the API key.")
    every: int = Field(1_440, ge=60, description="Minutes between two looks.")
    again: int = Field(30, ge=1, description="Days after which a paper's citations are counted again.")


class OpenalexSettings(_Group):
    """OpenAlex: DOIs, venues, citations and fields of papers that are held. Off without a key."""

    url: str = Field("https://api.openalex.org", description="Where the API is.")
    key_file: Path | None = Field(None, description="A file with the API key.")
    every: int = Field(1_440, ge=60, description="Minutes between two looks.")
    again: int = Field(30, ge=1, description="Days after which a paper's citations are counted again.")


class CrossrefSettings(_Group):
    """Crossref: venues and citations of papers with a DOI."""

    url: str = Field("https://api.crossref.org", description="Where the API is.")
    every: int = Field(1_440, ge=60, description="Minutes between two looks.")
    again: int = Field(30, ge=1, description="Days after which a paper's citations are counted again.")


class ZoteroSettings(_Group):
    """A reader's Zotero library: for interests only, never shown to others. Off without a key."""

    url: str = Field("https://api.zotero.org", description="Where the API is.")
    key_file: Path | None = Field(None, description="A file with the API key; it says by itself whose library it is.")
    every: int = Field(60, ge=5, description="Minutes between two looks.")


class FolderSettings(_Group):
    """Folders that are watched for files with papers."""

    paths: Names = Field([], description="The folders, separated by commas.")
    every: int = Field(1, ge=1, description="Minutes between two looks.")


class Settings(BaseSettings):
    """What an installation can choose."""

    model_config = SettingsConfigDict(
        env_prefix="TIDINGS_", extra="ignore", env_nested_delimiter="_", env_nested_max_split=1
    )

    home: Path = Field(_DEFAULT_HOME, description="The folder that holds everything: store and index.")
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
    sync: bool = Field(True, description="Whether `tidings serve` runs the syncs that are due.")
    sources: Names = Field(
        ["arxiv", "huggingface"], description="The sources that are synced. Name more to switch them on."
    )
    contact: str | None = Field(
        None, description="An address for the User-Agent, so that a source can write before it blocks."
    )
    arxiv: ArxivSettings = Field(default_factory=ArxivSettings)
    huggingface: HuggingfaceSettings = Field(default_factory=HuggingfaceSettings)
    openreview: OpenreviewSettings = Field(default_factory=OpenreviewSettings)
    acl: AclSettings = Field(default_factory=AclSettings)
    biorxiv: BiorxivSettings = Field(default_factory=BiorxivSettings)
    semanticscholar: SemanticscholarSettings = Field(default_factory=SemanticscholarSettings)
    openalex: OpenalexSettings = Field(default_factory=OpenalexSettings)
    crossref: CrossrefSettings = Field(default_factory=CrossrefSettings)
    zotero: ZoteroSettings = Field(default_factory=ZoteroSettings)
    folder: FolderSettings = Field(default_factory=FolderSettings)

    def __init__(self, **values: Any) -> None:
        """Read the settings.

        Raises:
            InputError: a value is none that its setting can have, or the file is not TOML.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InputError("; ".join(f"TIDINGS_{_name(e)}: {_said(e)}" for e in error.errors())) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic names them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is said in the call wins, then the environment, then the file in the home folder."""
        file = _home(init_settings().get("home")) / FILE
        try:
            in_file = TomlConfigSettingsSource(settings_cls, file)
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"{file}: {error}") from error
        return init_settings, env_settings, in_file

    @field_validator("sources")
    @classmethod
    def _check_sources(cls, names: list[str]) -> list[str]:
        known = list(groups())
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"there is no source {', '.join(unknown)}; there are {', '.join(known)}")
        return names

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The addresses of sources that somebody wrote into a setting, in place of those that everybody asks."""
        return tuple(address for name in groups() for address in _own_addresses(getattr(self, name)))

    @property
    def root(self) -> Path:
        """The home folder with ``~`` resolved."""
        return self.home.expanduser()


def groups() -> dict[str, type[BaseModel]]:
    """Return the groups of settings, one for each source, by its name."""
    kinds = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}


def _own_addresses(group: BaseModel) -> Iterator[str]:
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, str) and value != field.default and urlsplit(value).hostname:
            yield value


def _home(given: Any) -> Path:
    return Path(given or os.environ.get("TIDINGS_HOME") or _DEFAULT_HOME).expanduser()


def _said(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


def _name(error: Any) -> str:
    return "_".join(map(str, error["loc"])).upper()
