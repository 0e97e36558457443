"""What groups of settings share: lists as people write them, secrets in files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_settings import NoDecode

from tidings.errors import InputError


def _separated(value: object) -> object:
    """Read "cs.LG, stat.ML" as a list, as people write it in the environment."""
    return [part for part in (p.strip() for p in value.split(",")) if part] if isinstance(value, str) else value


Names = Annotated[list[str], NoDecode, BeforeValidator(_separated)]


class Group(BaseModel):
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
