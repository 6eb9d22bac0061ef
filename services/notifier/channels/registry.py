"""The channels of the configuration in force, made when first used and kept while their entry stays the same."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from services.notifier.channels.base import Channel, Unusable
from services.notifier.channels.log import LogChannel
from services.notifier.channels.webhook import WebhookChannel
from shared.config.channels import BaseChannel
from shared.config.channels import LogChannel as LogSpec
from shared.config.channels import WebhookChannel as WebhookSpec
from shared.config.models import Configuration


class ChannelRegistry:
    """Asks `current` at each use, so that a reload is taken up at once."""

    def __init__(self, current: Callable[[], Configuration], now: Callable[[], datetime]) -> None:
        self._current = current
        self._now = now
        self._made: dict[str, tuple[BaseChannel, Channel]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def ids(self) -> list[str]:
        """Every channel of the configuration."""
        return [spec.id for spec in self._current().channels.channels]

    def get(self, channel_id: str) -> Channel:
        """The channel, ready to send; one that the configuration has lost refuses."""
        spec = next((spec for spec in self._current().channels.channels if spec.id == channel_id), None)
        if spec is None:
            return Unusable(f"the channel {channel_id} is not in channels.yaml any more")
        made = self._made.get(channel_id)
        if made is not None and made[0] == spec:
            return made[1]
        if made is not None:
            self._retire(made[1])
        channel = self._make(spec)
        self._made[channel_id] = spec, channel
        return channel

    async def close(self) -> None:
        """Close every channel."""
        for _, channel in self._made.values():
            await channel.close()
        self._made.clear()

    def _make(self, spec: BaseChannel) -> Channel:
        if isinstance(spec, WebhookSpec):
            return WebhookChannel(spec, self._now)
        if isinstance(spec, LogSpec):
            return LogChannel()
        kind = spec.model_dump(mode="json")["kind"]
        return Unusable(f"this version cannot send over channels of kind {kind}; use webhook or log")

    def _retire(self, channel: Channel) -> None:
        task = asyncio.create_task(channel.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
