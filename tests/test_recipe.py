import tomllib
from pathlib import Path

import pytest

from restore import recipe
from restore.errors import PartError, RecipeError


@pytest.mark.parametrize("name", recipe.shipped())
def test_every_shipped_recipe_loads_and_prints_itself_complete(name: str) -> None:
    loaded = recipe.load(name)
    again = recipe.loads(loaded.to_toml())
    assert again == loaded
    assert again.digest == loaded.digest
    assert loaded.about
    for room in ("detect", "fill", "blend"):
        for part, entry in zip(getattr(loaded, room), tomllib.loads(loaded.to_toml()).get(room, []), strict=True):
            assert set(entry) == {"part", *part.params}, "every default is filled in"


def test_the_four_recipes_are_there() -> None:
    assert set(recipe.shipped()) >= {"film", "dust", "masks", "stills"}


def test_settings_change_one_value() -> None:
    changed = recipe.load("film", ["policy.invent=false", "donors.reach_frames=2"])
    assert not changed.policy.invent
    assert changed.fill[0].params["reach_frames"] == 2
    assert changed.digest != recipe.load("film").digest


def test_no_invention_leaves_only_fillers_that_copy() -> None:
    ladder = recipe.load("film", ["policy.invent=false"]).ladder
    assert [p.name for p in ladder] == ["donors"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[fil]]\npart = 'donors'", "'fill'"),
        ("[[fill]]\npart = 'doners'", "'donors'"),
        ("[[fill]]\npart = 'donors'\nreach_frame = 2", "'reach_frames'"),
        ("[[fill]]\nname = 'donors'", "part ="),
        ("[[fill]]\npart = 'donors'\nreach_frames = 'two'", "whole number"),
        ("[policy]\ninvent = 1", "true or false"),
        ("[policy]\ninvnt = true", "invnt"),
        ("[motion]\npreset = 'slow'", "fast"),
        ("name = ", "TOML"),
        ("detect = 3", "double brackets"),
        ("[detect]\npart = 'dirt'", "double brackets"),
        ("[[detect]]\npart = 3", "double brackets"),
        ("policy = 3", r"\[policy\] with fields"),
        ("encode = 3", r"\[encode\] with fields"),
        ("[encode]\nffv1 = 3", r"\[encode.ffv1\] with fields"),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises((RecipeError, PartError), match=says):
        recipe.loads(text)


@pytest.mark.parametrize("setting", ["dirt", "dirt.threshold", "nothing.x=1", "dirt.no_such_field=1", "=3"])
def test_a_setting_that_fits_nothing_is_refused(setting: str) -> None:
    with pytest.raises(RecipeError):
        recipe.load("film", [setting])


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'film'"):
        recipe.load("fillm")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"\xff\xd8")
    with pytest.raises(RecipeError, match=r"not UTF-8 text.*workflows show film"):
        recipe.load(str(tmp_path / "film.mkv"))


def test_a_setting_that_is_nearly_right_is_put_right() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'policy'"):
        recipe.load("film", ["polcy.invent=false"])


@pytest.mark.parametrize("name", recipe.shipped())
def test_masks_take_the_place_of_every_detector_and_can_be_set(name: str, tmp_path: Path) -> None:
    (matte,) = recipe.load(name, ["matte.threshold=0.9"], tmp_path).detect
    assert (matte.params["folder"], matte.params["threshold"]) == (str(tmp_path), 0.9)
    with pytest.raises(RecipeError, match="uses no part 'dirt'"):
        recipe.load(name, ["dirt.contrast_levels=9"], tmp_path)


def test_masks_keep_what_a_recipe_says_of_them(tmp_path: Path) -> None:
    text = "[[detect]]\npart = 'matte'\nfolder = 'elsewhere'\nthreshold = 0.25"
    (matte,) = recipe.loads(text, masks=tmp_path).detect
    assert (matte.params["folder"], matte.params["threshold"]) == (str(tmp_path), 0.25)
