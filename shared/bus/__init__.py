"""Events between services: the outbox and its relay on one side, positions and the consumer on the other."""
