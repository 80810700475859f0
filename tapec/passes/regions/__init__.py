"""What passes do to branches and loops: one file per idea, used by the pass it belongs to."""
