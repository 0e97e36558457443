"""Every setting: name, type, default, help.

Read from ``TIDINGS_<NAME>``, else from ``tidings.toml`` in the home folder. Every source has a group of its own: its
names begin with the source's.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tidings.errors import InputError
from tidings.settings.digest import BouncesSettings, DigestSettings
from tidings.settings.group import Group, Names
from tidings.settings.names import NamesSettings
from tidings.settings.people import MailSettings, OidcSettings, ProxySettings
from tidings.settings.sources import (
    AclSettings,
    ArxivSettings,
    BiorxivSettings,
    CrossrefSettings,
    FolderSettings,
    HuggingfaceSettings,
    OpenalexSettings,
    OpenreviewSettings,
    SemanticscholarSettings,
    SourceGroup,
    ZoteroSettings,
)
from tidings.settings.trending import TrendingSettings

_DEFAULT_HOME = Path("~/.local/share/tidings")
FILE = "tidings.toml"


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
    topics: bool = Field(True, description="Whether `tidings serve` finds topics, once a day, and places new papers.")
    sources: Names = Field(
        ["arxiv", "huggingface"], description="The sources that are synced. Name more to switch them on."
    )
    contact: str | None = Field(
        None, description="An address for the User-Agent, so that a source can write before it blocks."
    )
    public_url: str | None = Field(
        None, description="The address that readers know, as https://papers.lab.example; links in mails begin with it."
    )
    secret_file: Path | None = Field(
        None,
        description="A file with the secret that links in mails are signed with. Empty means the file secret in the "
        "home folder, made when first needed.",
    )
    sign_up: bool = Field(False, description="Whether strangers may make accounts; else an administrator invites.")
    admin: str | None = Field(
        None, description="The address of the first administrator: whoever proves to have it becomes that."
    )
    mail: MailSettings = Field(default_factory=MailSettings)
    oidc: OidcSettings = Field(default_factory=OidcSettings)
    proxy: ProxySettings = Field(default_factory=ProxySettings)
    trending: TrendingSettings = Field(default_factory=TrendingSettings)
    digest: DigestSettings = Field(default_factory=DigestSettings)
    bounces: BouncesSettings = Field(default_factory=BouncesSettings)
    names: NamesSettings = Field(default_factory=NamesSettings)
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
        known = list(groups(SourceGroup))
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"there is no source {', '.join(unknown)}; there are {', '.join(known)}")
        return names

    @field_validator("admin")
    @classmethod
    def _check_admin(cls, address: str | None) -> str | None:
        """Take the address as addresses are kept: without blanks around, in lower case."""
        if address is None or not address.strip():
            return None
        kept = address.strip().lower()
        if "@" not in kept or not kept.isascii():
            raise ValueError(f"{address!r} is not an e-mail address")
        return kept

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The addresses that somebody wrote into a setting: of sources, in place of those that everybody asks."""
        named = [*(getattr(self, name) for name in groups(SourceGroup)), self.names]
        return tuple(address for group in named for address in _own_addresses(group))

    @property
    def root(self) -> Path:
        """The home folder with ``~`` resolved."""
        return self.home.expanduser()


def groups(of: type[Group] = Group) -> dict[str, type[BaseModel]]:
    """Return the groups of settings by name: all, or those of the sources."""
    kinds = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, of)}


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
