"""The command line and the checks of derivatives."""
