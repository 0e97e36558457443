"""A language model that offers names for topics: the chat completions of OpenAI, which many servers speak.

Request and answer: https://platform.openai.com/docs/api-reference/chat/create; of it only what llama.cpp, Ollama and
vLLM know too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tidings.errors import InputError, SourceError
from tidings.settings.names import NamesSettings
from tidings.sources.client import Client
from tidings.types import Limit

_ORDER = (
    "You name topics of a research archive. Answer with the name alone: two to five words, as a survey's title would "
    "have it, no quotation marks, no explanation."
)
_MOST_TOKENS = 40
_LARGEST = 200_000  # bytes; an answer is a line


class Offer(NamedTuple):
    """A name as the model wrote it, and the tokens that question and answer took."""

    name: str
    tokens: int


class _Message(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    message: _Message


class _Usage(msgspec.Struct, frozen=True):
    total_tokens: int = 0


class _Completion(msgspec.Struct, frozen=True):
    choices: list[_Choice]
    usage: _Usage | None = None


class Endpoint:
    """The model that the settings name."""

    def __init__(self, client: Client, settings: NamesSettings) -> None:
        """Take the settings.

        Raises:
            InputError: they name no address or no model, or the key file cannot be read.
        """
        if not (settings.url and settings.model):
            raise InputError("names are offered by a model: set TIDINGS_NAMES_URL and TIDINGS_NAMES_MODEL")
        self._client, self.model = client, settings.model
        self._url = f"{settings.url.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {settings.key}"} if settings.key else {}
        self._limit = Limit("names", settings.interval)

    def offer(self, question: str) -> Offer:
        """Return what the model calls that.

        Raises:
            FetchError, SourceError: it does not answer, refuses, or says nothing.
        """
        body = {
            "model": self.model,
            "messages": [{"role": "system", "content": _ORDER}, {"role": "user", "content": question}],
            "max_tokens": _MOST_TOKENS,
            "temperature": 0,
        }
        answer = self._client.post(self._url, self._limit, json=body, headers=self._headers, largest=_LARGEST)
        said = answer.json(_Completion)
        text = next((choice.message.content for choice in said.choices if choice.message.content), "")
        if not text.strip():
            raise SourceError(f"{self.model} offered no name")
        # one that does not count what it uses is taken to use four characters a token
        guess = (len(_ORDER) + len(question) + len(text)) // 4
        return Offer(text.strip(), said.usage.total_tokens if said.usage and said.usage.total_tokens else guess)


def question_of(words: Sequence[str], titles: Sequence[str], others: Sequence[str]) -> str:
    """Return what is asked for a topic: its words, titles that stand for it, and the names it must not have."""
    return "\n".join(
        (
            f"Words of the topic: {', '.join(words)}",
            "Papers that are typical of it:",
            *(f"- {title}" for title in titles),
            f"Names that are taken: {'; '.join(others)}",
        )
    )
