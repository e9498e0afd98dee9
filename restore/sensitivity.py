"""A step from cautious to thorough in, the parameters it means for a detector out; and what each step is known to cost.

A detector says what the steps mean for its own fields in a `sensitivity` beside them (`detect.Adjustable`); this page
holds the harm that was measured with all of them together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from restore.errors import RecipeError
from restore.parts import nearest

Step = Literal["cautious", "normal", "thorough"]
STEPS: tuple[Step, ...] = get_args(Step)
NORMAL: Step = "normal"
"""What detectors' defaults are."""


@dataclass(frozen=True)
class Harm:
    """What a step did to good picture, in percent of the pixels of undamaged clips or photographs."""

    mean_percent: float
    worst_percent: float
    """Of the piece of a clip, or the photograph, that it did most to."""


HARM: Mapping[str, Mapping[str, Harm]] = {
    "film": {"cautious": Harm(0.0005, 0.0034), "normal": Harm(0.0009, 0.005), "thorough": Harm(0.0022, 0.0127)},
    "fine": {"cautious": Harm(0.0005, 0.0034), "normal": Harm(0.0009, 0.005), "thorough": Harm(0.0022, 0.0127)},
    "stills": {"cautious": Harm(0.007, 0.022), "normal": Harm(0.012, 0.034), "thorough": Harm(0.024, 0.095)},
    "dust": {"cautious": Harm(0.0005, 0.0034), "normal": Harm(0.0009, 0.005), "thorough": Harm(0.0022, 0.0127)},
}
"""By recipe and step, as `lacuna plan` tells it: the share of pixels that the masks touch where nothing is damaged.

Measured on 14 pieces of 8 frames, two from each of seven undamaged clips: a dog, cups, coffee, a bedroom (hand-held),
bicycles with cuts, two static cameras; the steps were chosen on the same pieces. Those of "stills": twelve
photographs (Kodak 1 to 12), each a piece. Whoever changes what a detector finds measures these anew.
"""


def require(step: str) -> Step:
    """Return the step of a name; raise RecipeError where there is none."""
    for known in STEPS:
        if step == known:
            return known
    known_steps = ", ".join(STEPS)
    raise RecipeError(f"policy.sensitivity is {step!r}; it needs to be one of {known_steps}.{nearest(step, [*STEPS])}")


def fields_at(cls: type, step: Step) -> dict[str, Any]:
    """Return what a detector's fields are at a step: those that any step changes; none where it knows no steps."""
    said: Mapping[str, Mapping[str, Any]] = getattr(cls, "sensitivity", {})
    defaults = {f.name: f.default for f in dataclasses.fields(cls) if f.init}
    if odd := [*(set(said) - set(STEPS)), *({f for values in said.values() for f in values} - set(defaults))]:
        raise RecipeError(
            f"{cls.__name__}.sensitivity names {odd[0]!r}; it needs steps ({', '.join(STEPS)}) with fields of the part."
        )
    governed = {name: defaults[name] for values in said.values() for name in values}
    return governed | dict(said.get(step, {}))


def about(cls: type) -> list[str]:
    """Return a line for each step that changes a detector's fields."""
    changes = {step: fields_at(cls, step) for step in STEPS if step in getattr(cls, "sensitivity", {})}
    return [f"--sensitivity {s}: {', '.join(f'{k} = {v}' for k, v in f.items())}" for s, f in changes.items()]


def expected(recipe: str, step: str) -> str:
    """Return what is known of the harm of a step with a recipe, as words."""
    if (harm := HARM.get(recipe, {}).get(step)) is None:
        return "was not measured with this recipe"
    return f"touched {harm.mean_percent:.3g} % of undamaged material, {harm.worst_percent:.2g} % of the worst piece"
