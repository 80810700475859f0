"""What is shown of a program: stages, reports, the tape."""
