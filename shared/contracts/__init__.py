"""What the services say to each other and to the outside: vocabulary, scalars, views, events, schemas."""
