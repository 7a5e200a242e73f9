"""Elements of the arrays of one big JSON object, one at a time."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from .reading import InputFile, Rejected

_CHUNK = 1 << 16
_SPACE = re.compile(r"[\s,]*")
_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*')


class _Text:
    """The unread text of a stream, lengthened as needed."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self._stream = stream
        self.text, self.at, self.ended = "", 0, False

    def more(self) -> bool:
        piece = self._stream.read(_CHUNK)
        self.text, self.at = self.text[self.at :] + piece, 0
        self.ended = not piece
        return bool(piece)

    def skip_space(self) -> str:
        """The next character that is neither space nor comma; empty at the end."""
        while True:
            match = _SPACE.match(self.text, self.at)
            assert match is not None
            self.at = match.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def value(self) -> Any:
        """The next whole value."""
        decoder = json.JSONDecoder()
        while True:
            try:
                value, end = decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError:
                if not self.more():
                    raise
                continue
            if end == len(self.text) and self.more():
                continue  # a number may go on
            self.at = end
            return value


def array_items(file: InputFile, keys: Collection[str]) -> Iterator[tuple[str, int, Any] | Rejected]:
    """Items of the arrays under these keys of the file's object, in its order: key, number from 1, value.

    JSON that breaks ends the file: what comes after cannot be trusted, and is said not to have been read.
    """
    key, number = "object", 0
    try:
        with file.open() as stream:
            text = _Text(io.TextIOWrapper(stream, encoding="utf-8-sig"))
            if text.skip_space() != "{":
                raise ValueError("the file is no JSON object")
            text.at += 1
            while text.skip_space() not in ("}", ""):
                key, number = _key(text), 0
                if key not in keys or text.skip_space() != "[":
                    text.value()
                    continue
                text.at += 1
                while text.skip_space() != "]":
                    number += 1
                    yield key, number, text.value()
                    if number % 2_000 == 0:
                        file.tell()
                text.at += 1
    except (ValueError, EOFError, OSError) as error:
        yield file.broken_off(max(number, 1), error, unit=f"{key} item")


def _key(text: _Text) -> str:
    while (match := _KEY.match(text.text, text.at)) is None:
        if len(text.text) - text.at > _CHUNK or not text.more():
            raise ValueError("a key of the object is broken")
    text.at = match.end()
    return match[1]
