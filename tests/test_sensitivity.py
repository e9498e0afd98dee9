"""The one knob: what a step means, what goes before it, and that "normal" is what detectors do anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from restore import parts, recipe, sensitivity
from restore.errors import RecipeError
from restore.recipe import Recipe
from restore.sensitivity import STEPS, fields_at

DETECTORS = [name for room, name in parts.names() if room == "detect"]


def certainty(made: Recipe, name: str = "dirt") -> object:
    return next(p.params["certainty"] for p in made.detect if p.name == name)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_can_be_made_at_every_step_and_normal_is_its_defaults(name: str) -> None:
    cls, _ = parts.find("detect", name)
    for step in STEPS:
        parts.make("detect", name, fields_at(cls, step))
    assert parts.make("detect", name, fields_at(cls, "normal")) == parts.make("detect", name, {})


@pytest.mark.parametrize("name", ["dirt", "scratch", "net"])
def test_thorough_asks_for_less_certainty_than_cautious(name: str) -> None:
    cls, _ = parts.find("detect", name)
    low, middle, high = (fields_at(cls, step)["certainty"] for step in ("thorough", "normal", "cautious"))
    assert low < middle < high


def test_what_is_written_under_a_detector_goes_before_the_step_of_the_text() -> None:
    text = '[policy]\nsensitivity = "thorough"\n[[detect]]\npart = "scratch"\ncertainty = 0.9'
    (scratch,) = recipe.loads(text).detect
    cls, _ = parts.find("detect", "scratch")
    assert scratch.params["certainty"] == 0.9
    assert scratch.params["witnesses"] == fields_at(cls, "thorough")["witnesses"]


def test_a_step_that_is_asked_for_goes_before_the_text_and_a_setting_before_the_step() -> None:
    cls, _ = parts.find("detect", "dirt")
    for step in STEPS:
        whole = recipe.load("film", [f"policy.sensitivity={step}"]).to_toml()
        assert recipe.loads(whole).to_toml() == whole
        back = recipe.loads(whole, settings=["policy.sensitivity=normal"])
        assert certainty(back) == fields_at(cls, "normal")["certainty"]
    for settings in (["dirt.certainty=0.33", "policy.sensitivity=thorough"],
                     ["policy.sensitivity=thorough", "dirt.certainty=0.33"]):
        made = recipe.load("film", settings)
        assert certainty(made) == 0.33
        assert certainty(made, "scratch") == recipe.load("film", ["policy.sensitivity=thorough"]).detect[1].params[
            "certainty"]


@pytest.mark.parametrize("text", ["thorouh", "3", "true"])
def test_a_step_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="sensitivity"):
        recipe.load("film", [f"policy.sensitivity={text}"])


def test_a_part_whose_steps_name_what_it_has_not_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd:
        sensitivity: ClassVar[dict[str, dict[str, float]]] = {"thorough": {"certainly": 0.1}}
        certainty: float = 0.5

    with pytest.raises(RecipeError, match="certainly"):
        fields_at(Odd, "thorough")


def test_the_harm_of_every_step_is_stated_and_grows_with_it() -> None:
    for steps in sensitivity.HARM.values():
        means = [steps[step].mean_percent for step in STEPS]
        assert means == sorted(means)
        assert means[-1] > means[0]
    assert "% of undamaged material" in sensitivity.expected("film", "normal")
    assert "not measured" in sensitivity.expected("mine", "normal")
