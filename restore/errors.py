"""Every error this library raises on purpose, in one tree.

RestoreError
├── SourceError (also ValueError)   the material cannot be read, or is not what it says it is
│   └── MaskError                   masks given by a person do not fit the material
├── RecipeError (also ValueError)   a recipe has an unknown key, a wrong type or a value out of range
├── PartError                       a part (detector, filler, encoder ...) is unknown or cannot do what is asked
├── StoreError                      the project directory belongs to something else, or is damaged or busy
├── BudgetError                     the run would need more memory, disk or device than was allowed
└── OutputError                     the result cannot be written where it was asked for

Every message says what was found, what was needed and what to do.
"""


class RestoreError(Exception):
    """Root of the tree: catch this to catch everything the library raises on purpose."""


class SourceError(RestoreError, ValueError):
    """The material cannot be read, or is not what it says it is."""


class MaskError(SourceError):
    """Masks given by a person do not fit the material."""


class RecipeError(RestoreError, ValueError):
    """A recipe has an unknown key, a wrong type or a value out of range."""


class PartError(RestoreError):
    """A part is unknown, or cannot do what is asked of it."""


class StoreError(RestoreError):
    """The project directory belongs to something else, or is damaged or busy."""


class BudgetError(RestoreError):
    """The run would need more memory, disk or device than was allowed."""


class OutputError(RestoreError):
    """The result cannot be written where it was asked for."""
