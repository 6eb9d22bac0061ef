"""Data protection: erasing from the tables that every service has, and what has been kept long enough."""
