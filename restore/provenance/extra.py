"""The name of a library out of the extra `provenance` in, the library out, or an error that says how to get it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from restore.errors import OutputError

INSTALL = "pip install 'lacuna[provenance]'"


def needed(name: str, package: str, purpose: str) -> ModuleType:
    """Import a library. Raises OutputError with the line that installs it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise OutputError(f"{purpose} needs the package {package}, which is not installed. {INSTALL}") from error
