"""A session and a frame in, what its detectors, fillers or blenders make of it out, field by field where it has fields.

The parts never learn of it: they look through a window on the fields of one parity. What the project keeps is woven, so
that frames, masks and layers are those of the file for everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from restore import fields
from restore.blend import Blender
from restore.blend.chain import blend_frame
from restore.detect import Detection, Detector, Found
from restore.fields import PARITIES
from restore.fill import Filler
from restore.fill.ladder import fill_frame
from restore.frames import Bits, Patch
from restore.session import Session
from restore.source import Source
from restore.window import Window

NAMES = ("upper", "lower")


@dataclass(frozen=True)
class View:
    """What one stage looks through: a window on whole frames, and for interlaced material one on each parity's fields.

    The methods answer for frames either way.
    """

    source: Source
    whole: Window
    fields: tuple[Window, ...] = ()

    @classmethod
    def of(cls, session: Session, hiding: bool) -> View:
        """Return the view of a stage: with nothing hidden for detection, with the masks hidden afterwards."""
        split = tuple(session.field_window(hiding, k) for k in PARITIES) if session.by_field else ()
        return cls(session.store.source, session.window(hiding), split)

    def detect(self, part: Detector, t: int) -> Detection:
        """Return what a detector finds in frame t.

        A detector with `whole_frames` set reads masks that were made of whole frames and is shown those.
        """
        if not self.fields or getattr(part, "whole_frames", False):
            return part.detect(self.whole, t)
        return _woven([part.detect(window, t) for window in self.fields], self.source.size[0])

    def fill(self, ladder: Sequence[Filler], t: int, invent: bool, hole: Bits) -> Patch:
        """Return frame t's patch as the ladder fills `hole` (H, W)."""
        if not self.fields:
            return fill_frame(ladder, self.whole, t, invent, hole)
        top, bottom = (fill_frame(ladder, window, t, invent) for window in self.fields)
        return fields.woven_patch(top, bottom, self.source.pixels, self.source.size)

    def blend(self, chain: Sequence[Blender], t: int, patch: Callable[[int], Patch]) -> Patch:
        """Return frame t's patch after all blenders; `patch` gives those of frames as the fillers left them."""
        if not self.fields:
            return blend_frame(chain, self.whole, t, patch)

        def one(parity: int) -> Patch:
            raw = fields.patch_of(patch(t), parity)
            if not raw.mask.any():
                return raw
            return blend_frame(chain, self.fields[parity], t, lambda u: fields.patch_of(patch(u), parity))

        return fields.woven_patch(one(0), one(1), self.source.pixels, self.source.size)

    def hidden_digest(self, t: int) -> str:
        """Return the digest of what is hidden in frame t."""
        return self.whole.hidden_digest(t)

    def is_cut(self, t: int) -> bool:
        """Tell whether frame t begins a new shot; of two fields the upper one is asked."""
        return (self.fields[0] if self.fields else self.whole).is_cut(t)


def _woven(of: Sequence[Detection], height: int) -> Detection:
    """Return the detection of a frame: what was found in its fields, each thing on its own rows."""
    return Detection(
        fields.woven(of[0].mask, of[1].mask, height),
        tuple(_in_frame(o, k) for k in PARITIES for o in of[k].objects),
        "; ".join(f"{NAMES[k]} field: {of[k].note}" for k in PARITIES if of[k].note),
        tuple(fields.curve_in_frame(c, k) for k in PARITIES for c in of[k].followed),
    )


def _in_frame(found: Found, parity: int) -> Found:
    curve = found.curve and fields.curve_in_frame(found.curve, parity)
    return replace(found, box=fields.box_in_frame(found.box, parity), curve=curve)
