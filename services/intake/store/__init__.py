"""All SQL of intake's schema, by table: cases, admission, reports, notes, timeline, listing."""
