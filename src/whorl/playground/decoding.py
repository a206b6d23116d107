"""Reading the messages of a page, which may be anything."""

from __future__ import annotations

import re

import msgspec

from whorl.playground.answers import failed
from whorl.playground.messages import Message

LARGEST = 5_000_000
"""The largest message, in bytes."""

_decoder = msgspec.json.Decoder(Message)


class _Kind(msgspec.Struct):
    type: str = ""


def read(text: str | bytes) -> Message | str:
    """Return the message that a text is, or the answer that refuses it.

    Examples
    --------
    >>> read('{"type": "advance", "unit": "batch"}')
    Advance(unit='batch')
    >>> read('{"type": "look", "grid": 1000}')
    '{"type":"failed","of":"look","message":"grid: expected a whole number <= 120","field":"$.grid"}'
    """
    content = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(content) > LARGEST:
        return failed(None, f"the message has {len(content):,} bytes; there can be at most {LARGEST:,}")
    try:
        message: Message = _decoder.decode(content)
    except msgspec.ValidationError as error:
        return _refusal(_kind(content), str(error))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return failed(None, f"the message cannot be read: {error}")
    return message


def _kind(content: bytes) -> str | None:
    """Return the ``"type"`` of a message that is not valid, if it has one of those that are known."""
    try:
        kind = msgspec.json.decode(content, type=_Kind).type
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    known = {str(each.__struct_config__.tag) for each in Message.__args__}
    return kind if kind in known else None


def _refusal(kind: str | None, reason: str) -> str:
    """Return the answer to a message with a wrong value; its place is the one in the configuration, if it is there."""
    reason, _, place = reason.partition(" - at ")
    field = place.strip("`").replace("$.configuration", "$", 1)
    reason = reason.replace("`int`", "a whole number").replace("`float`", "a number").replace("`str`", "text")
    reason = re.sub(r"[`]", "", reason[:1].lower() + reason[1:])
    return failed(kind, f"{field.removeprefix('$.')}: {reason}" if field else reason, field or None)
