"""The rulebook in force, made from the configuration once per version and from the overrides each time."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from services.notifier.desk import Way
from services.notifier.oncall.overrides import Override
from services.notifier.reach import Rulebook
from shared.config.channels import BaseChannel
from shared.config.models import Configuration
from shared.config.secrets import is_reference
from shared.tzdata import tzdata_version


class Rulebooks:
    """Asks `current` for the configuration at each use, so that a reload is taken up at once."""

    def __init__(self, current: Callable[[], Configuration]) -> None:
        self._current = current
        self._made: Configuration | None = None
        self._ways: dict[str, Way] = {}

    @property
    def configuration(self) -> Configuration:
        """The configuration in force."""
        return self._current()

    def rulebook(self, overrides: Mapping[str, list[Override]]) -> Rulebook:
        """The rulebook with these overrides, by schedule, in the order of their creation."""
        config = self._current()
        return Rulebook.at(config.oncall, overrides, config_version=config.version, tzdata_version=tzdata_version())

    def ways(self) -> Mapping[str, Way]:
        """What may be shown of each channel."""
        config = self._current()
        if config is not self._made:
            self._made = config
            self._ways = {c.id: Way(c.kind, redacted(c)) for c in config.channels.channels}
        return self._ways


def redacted(channel: BaseChannel) -> str:
    """Where a channel leads, without what identifies a person or lets anybody in."""
    shown = channel.model_dump(mode="json")
    target = shown.get("url") or shown.get("to") or shown.get("channel") or ""
    if is_reference(target):
        return str(target)
    if "://" in target:
        parts = urlsplit(target)
        return f"{parts.scheme}://{parts.hostname}/…"
    if "@" in target:
        return f"{target[:1]}…@{target.rpartition('@')[2]}"
    return f"…{target[-2:]}" if len(target) > 4 else str(shown["kind"])
