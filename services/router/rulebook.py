"""The desk under the configuration in force: made anew when the configuration is."""

from collections.abc import Sequence

from services.router.rounds import Desk
from services.router.rules import Rules
from shared.config.holder import ConfigHolder
from shared.config.models import Configuration
from shared.config.roster import Specialist


class Rulebook:
    """What every part of the router decides by."""

    def __init__(self, config: ConfigHolder) -> None:
        self._config = config
        self._made_of: Configuration = config.current
        self._desk = Desk.of(Rules.of(config.current))

    @property
    def desk(self) -> Desk:
        """The rules in force, with what is remembered under them."""
        if self._config.current is not self._made_of:
            self._made_of = self._config.current
            self._desk = Desk.of(Rules.of(self._made_of))
        return self._desk

    @property
    def roster(self) -> Sequence[Specialist]:
        """The roster in force, as the file has it."""
        return self._config.current.roster.specialists

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        return self.desk.rules
