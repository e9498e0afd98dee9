"""Lacuna's library: finds losses in film, video and stills, fills them, and proves that nothing else changed."""

__version__ = "0.1.0"
