"""The truths of the exercises, one module a chapter, each with a dictionary ``ANSWERS``."""
