"""Every number that a report may print, and the field's statistics around it."""
