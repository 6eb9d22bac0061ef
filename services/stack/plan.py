"""What a start was asked for, checked before anything is started or written."""

from dataclasses import dataclass
from pathlib import Path

from services.stack import ports
from services.stack.environment import PAGER_URL
from services.stack.faults import StackFault
from services.stack.state import DataDirectory, Kept
from shared.config.loading import load
from shared.config.models import Configuration
from shared.contracts.vocabulary import ServiceName

ENDING = 3.0
"""Seconds in which the processes of an earlier start may still let go of their ports."""


@dataclass(frozen=True)
class Plan:
    """The options of `tocsin up`, with a configuration that is valid."""

    data_dir: Path
    config_dir: Path
    base_port: int
    demo: bool
    configuration: Configuration

    @classmethod
    def of(cls, *, data_dir: Path, config_dir: Path, base_port: int, demo: bool) -> "Plan":
        """Check the configuration and the services' ports; raises `ConfigFaults` or `StackFault`."""
        return cls(data_dir.absolute(), config_dir.resolve(), base_port, demo, load(config_dir))

    def needs_receiver(self, given: dict[str, str]) -> bool:
        """Whether a channel asks for a pager that the caller's environment does not name."""
        channels = (self.config_dir / "channels.yaml").read_text(encoding="utf-8")
        return PAGER_URL not in given and f"env:{PAGER_URL}" in channels


def require_ports(base_port: int, kept: Kept, directory: DataDirectory) -> None:
    """Raise `StackFault` when a port that this stack needs is another program's."""
    services = range(base_port, base_port + len(ServiceName))
    engines = kept.engine_ports
    for port in ports.taken([*services, *engines], patience=ENDING):
        if port in services:
            free = ports.choose(len(services), adjacent=True)[0]
            raise StackFault(
                f"port {port} is taken by another program; the services need {services[0]} to {services[-1]}\n"
                f"End that program, or choose other ports, such as --base-port {free}."
            )
        raise StackFault(
            f"port {port} is taken by another program; it is {engines[port]}'s, see {directory.path / 'kept.json'}\n"
            "End that program, or give another --data-dir."
        )
