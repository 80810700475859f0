"""Inspection of programs: stages, reports, the tape."""
