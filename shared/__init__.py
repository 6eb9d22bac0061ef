"""What two or more services use: contracts, configuration, bus, database, HTTP edge, runtime."""
