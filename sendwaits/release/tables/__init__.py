"""Released frames, one module a report, one function a section: pandas in, pandas out."""
