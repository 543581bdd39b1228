"""Names of what happened to chats and to people's choices: `<noun>.<participle>`. Pure."""

from __future__ import annotations

from enum import StrEnum


class ChannelEvent(StrEnum):
    """A chat that notices are posted to. Subjects: its team or its person; its address is never recorded."""

    REGISTERED = "chat_channel.registered"
    EDITED = "chat_channel.edited"
    TESTED = "chat_channel.tested"
    ENDED = "chat_channel.ended"


class ChoiceEvent(StrEnum):
    """What a person chose. Subjects: the person."""

    CHANGED = "notice_choice.changed"
