from pathlib import Path

import pytest

from restore import parts
from restore.errors import PartError

MINE = '''
"""Nothing in, nothing found."""
from dataclasses import dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Mine:
    """Finds nothing, quickly."""
    version: ClassVar[int] = 1
    reach_frames: int = 0
    level: float = 1.5
'''


@pytest.mark.parametrize(("room", "name"), parts.names())
def test_every_part_can_be_made_and_says_what_it_is_good_for(room: str, name: str) -> None:
    part = parts.make(room, name, {})
    assert parts.about(type(part.made))
    assert part.digest
    assert isinstance(part.made.version, int)
    if room == "fill":
        assert isinstance(part.made.invents, bool)


def test_the_package_offers_the_parts_the_recipes_speak_of() -> None:
    assert {("detect", "dirt"), ("detect", "scratch"), ("detect", "matte"), ("fill", "donors"), ("fill", "rows"),
            ("fill", "harmonic"), ("fill", "telea"), ("fill", "navier_stokes"), ("fill", "patchmatch"),
            ("fill", "textured"), ("blend", "steady"), ("blend", "seam"), ("blend", "grain"), ("encode", "ffv1"),
            ("encode", "prores"), ("encode", "h264"), ("encode", "sequence")} <= set(parts.names())


def test_a_file_of_ones_own_is_a_part(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    part = parts.make("detect", str(file), {"level": 2.0})
    assert part.params == {"reach_frames": 0, "level": 2.0}
    assert part.layer == "mine"
    before = part.digest
    file.write_text(MINE + "\n# changed\n")
    assert parts.make("detect", str(file), {"level": 2.0}).digest != before, "its code belongs to its identity"


def test_a_file_without_the_class_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "other.py"
    file.write_text(MINE)
    with pytest.raises(PartError, match="Other"):
        parts.make("detect", str(file), {})
    assert parts.make("detect", f"{file}:Mine", {}).made.level == 1.5
    with pytest.raises(PartError, match="does not exist"):
        parts.make("detect", str(tmp_path / "no.py"), {})


def test_parameters_tell_parts_apart() -> None:
    digests = {parts.make("fill", "donors", {"reach_frames": n}).digest for n in (1, 2, 3)}
    assert len(digests) == 3


@pytest.mark.parametrize("code", ["x = ", "import no_such_module", "raise RuntimeError('no')"])
def test_a_part_file_that_does_not_load_is_named_with_why(code: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(code)
    with pytest.raises(PartError, match=r"mine\.py cannot be loaded as a part \(\w+Error: .*Correct it"):
        parts.find("detect", str(tmp_path / "mine.py"))
