"""Rewrite rules by family; importing a module declares its rules."""
