"""The metrics of the bus (contract section 9): what the relay and the consumer count and show."""

from shared.observability.metrics import Metrics


class RelayMetrics:
    """Shared state, exported alike by every instance."""

    def __init__(self, metrics: Metrics) -> None:
        self.pending = metrics.gauge("tocsin_outbox_pending", "Events committed and not yet acknowledged by Kafka.", [])
        self.oldest_age = metrics.gauge(
            "tocsin_outbox_oldest_age_seconds", "Age of the oldest of them; 0 when there is none.", []
        )


class ConsumerMetrics:
    """By topic, as in the contract (without any prefix)."""

    def __init__(self, metrics: Metrics) -> None:
        self.duplicates = metrics.counter(
            "tocsin_duplicates_dropped_total", "Records sent again by a relay and dropped here.", ["topic"]
        )
        self.gaps = metrics.counter(
            "tocsin_sequence_gaps_total", "Events that came with an earlier one of their key missing.", ["topic"]
        )
        self.dead_letters = metrics.counter(
            "tocsin_dead_letters_total", "Records that could not be taken.", ["topic", "reason"]
        )
        self.process_duration = metrics.histogram(
            "tocsin_consumer_process_duration_seconds", "From poll to commit of a batch.", ["topic"]
        )
        self.caught_up_age = metrics.gauge(
            "tocsin_caught_up_age_seconds", "Since the end of every partition of the topic was last seen.", ["topic"]
        )
        self.lag = metrics.gauge(
            "tocsin_consumer_lag_records", "Records between this instance's positions and the ends.", ["topic"]
        )
        self.stopped = metrics.gauge(
            "tocsin_consumer_stopped_partitions", "Not read on from: too much of them would be set aside.", ["topic"]
        )
        self.open_letters = metrics.gauge(
            "tocsin_dead_letters_open", "Dead letters that nobody has replayed or discarded yet.", []
        )
        self.parked = metrics.gauge("tocsin_parked_events", "Events that wait behind a dead letter of their key.", [])
