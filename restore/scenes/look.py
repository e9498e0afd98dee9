"""A clean picture in, the same picture out as a stock and a transfer show it: tone, tint, grain, log, codec."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes.grain import Grain, draw_grain, grain_of
from restore.scenes.leaves import Rng
from restore.scenes.light import flickered

LUMA = np.array((0.299, 0.587, 0.114), np.float32)
NEUTRAL = (1.0, 1.0, 1.0)
NO_GRAIN = Grain()
MIDDLE = 0.45
"""Where the curve is steepest."""
TINTS = {
    "sepia": ((0.10, 0.06, 0.03), (1.0, 0.90, 0.72)),
    "amber": ((0.08, 0.03, 0.0), (1.0, 0.80, 0.45)),
    "blue": ((0.02, 0.04, 0.12), (0.72, 0.88, 1.0)),
    "toned_blue": ((0.0, 0.07, 0.22), (0.97, 0.98, 1.0)),
    "rose": ((0.08, 0.02, 0.04), (1.0, 0.78, 0.76)),
    "green": ((0.02, 0.07, 0.03), (0.80, 0.97, 0.76)),
    "faded": ((0.22, 0.10, 0.12), (1.0, 0.86, 0.82)),
}
"""What black and white become: dyed bases (amber, rose, blue), toned silver (sepia, blue), dyes that faded to red."""


@dataclass(frozen=True)
class Look:
    """What a stock and its transfer make of a picture. The default changes nothing."""

    name: str = "plain"
    colour_frac: float = 1.0
    """Saturation; 0 is a black-and-white stock."""
    contrast: float = 1.0
    """Slope of the curve in mid-grey, 0.5 to 1.45."""
    exposure: float = 1.0
    dark: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """What black becomes: a toned shadow, a faded dye, flare."""
    white: tuple[float, float, float] = NEUTRAL
    """What white becomes: the tint of the base."""
    grain: Grain = NO_GRAIN
    flicker: float = 0.0
    """1 for a light that varies by 3 % in gain, 1 % in offset and 4 % in gamma."""
    uneven: float = 0.0
    """Deviation of the light from place to place, its own on every frame."""
    weave_px: float = 0.0
    """Standard deviation of the film's place in the gate."""
    log: bool = False
    """Cineon-like log encoding."""
    blur_px: float = 0.0
    halo: float = 0.0
    """Strength of an unsharp mask: bright and dark rims about edges."""
    quality: int = 0
    """Of an 8x8 DCT quantiser (JPEG), 1 to 100; 0 for none."""
    phase: tuple[int, int] = (0, 0)
    """(y, x) of the quantiser's blocks."""
    levels: int = 0
    """Levels the transfer quantises to; 0 for none."""

    @property
    def grey(self) -> bool:
        """Whether the stock knows no colour."""
        return self.colour_frac == 0

    def develop(self, rgb: Float) -> Float:
        """Return light (H, W, 3) as the stock takes it: saturation, exposure and curve."""
        out: Float = rgb
        if self.colour_frac != 1:
            light = (rgb @ LUMA)[..., None]
            out = np.asarray(light + np.float32(self.colour_frac) * (rgb - light), np.float32)
        if self.exposure != 1:
            out = out * np.float32(self.exposure)
        if self.contrast != 1:
            # A toe and a shoulder; black and white stay where they are.
            bend = np.float32(4 * (self.contrast - 1))
            out = np.clip(out, 0, 1)
            out = out + bend * out * (1 - out) * (out - np.float32(MIDDLE))
        return np.asarray(np.clip(np.broadcast_to(out, rgb.shape), 0, 1), np.float32)

    def grained(self, rgb: Float, rng: Rng) -> Float:
        """Return the picture (H, W, 3) with grain drawn from `rng`."""
        return rgb if not self.grain.sigma else np.clip(rgb + grain_of(rgb, self.grain, rng), 0, 1)

    def printed(self, rgb: Float) -> Float:
        """Return the picture (H, W, 3) with black and white as the base and the dyes have them."""
        if self.dark == (0, 0, 0) and self.white == NEUTRAL:
            return rgb
        low, high = np.array(self.dark, np.float32), np.array(self.white, np.float32)
        return low + rgb * (high - low)

    def transferred(self, rgb: Float) -> Float:
        """Return the picture (H, W, 3) as the transfer hands it on: focus, halos, log, levels, codec."""
        out = rgb if self.blur_px < 0.2 else cv2.GaussianBlur(rgb, (0, 0), self.blur_px)
        if self.halo:
            out = np.clip(out + np.float32(self.halo) * (out - cv2.GaussianBlur(out, (0, 0), 1.6)), 0, 1)
        if self.log:
            out = to_log(out)
        if self.quality:
            return coded(out, self)
        return out if not self.levels else np.rint(out * np.float32(self.levels - 1)) / np.float32(self.levels - 1)

    def show(self, rgb: Float, seed: tuple[int, ...], t: int) -> Float:
        """Return frame t (H, W, 3) with everything but the weave, which moves what a film knows the motion of."""
        lit = flickered(rgb, self.flicker, self.uneven, (*seed, 1), t)
        return self.transferred(self.printed(self.grained(self.develop(lit), np.random.default_rng((*seed, 2, t)))))


def to_log(rgb: Float) -> Float:
    """Return display values as Cineon codes over 1023 (white 685, black 95, 300 codes a density).

    Source: Kodak, Conversion of 10-bit log film data to 8-bit linear or video data (1995).
    """
    flare = 10 ** ((95 - 685) / 300)
    linear = np.power(np.clip(rgb, 0, 1), np.float32(2.2))
    return np.asarray((685 + 300 * np.log10(linear * np.float32(1 - flare) + np.float32(flare))) / 1023, np.float32)


def coded(rgb: Float, look: Look) -> Float:
    """Return the picture (H, W, 3) through an 8x8 DCT quantiser with halved chroma."""
    dy, dx = look.phase
    whole = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    whole = cv2.copyMakeBorder(whole, dy, 0, dx, 0, cv2.BORDER_REPLICATE)
    plain = look.grey and look.dark == (0, 0, 0) and look.white == NEUTRAL
    # OpenCV takes blue first; a grey picture has no order.
    order = whole[..., 0] if plain else whole[..., ::-1]
    packed = cv2.imencode(".jpg", order, [cv2.IMWRITE_JPEG_QUALITY, look.quality])[1]
    back = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)[dy:, dx:, ::-1]
    return np.ascontiguousarray(back).astype(np.float32) * np.float32(1 / 255)


def draw_look(rng: Rng) -> Look:
    """Draw a stock and a transfer."""
    sort = ("grey", "tinted", "colour", "faded")[int(rng.choice(4, p=(0.5, 0.13, 0.32, 0.05)))]
    name, dark, white = sort, (0.0,) * 3, NEUTRAL
    if sort in ("tinted", "faded"):
        names = ("faded",) if sort == "faded" else tuple(n for n in TINTS if n != "faded")
        name = names[int(rng.integers(len(names)))]
        dark, white = TINTS[name]
    elif rng.random() < 0.3:
        dark = (float(rng.uniform(0, 0.12)),) * 3
    saturation = 0.0 if sort in ("grey", "tinted") else float(rng.uniform(0.5, 1.6))
    coded_ = rng.random() < 0.35
    soft = rng.random()
    return Look(
        name, saturation, float(rng.uniform(0.6, 1.45)), float(np.exp(rng.normal(-0.05, 0.15))),
        (dark[0], dark[1], dark[2]), white, draw_grain(sort == "colour", rng),
        flicker=float(rng.exponential(0.8)) if rng.random() < 0.5 else 0.0,
        uneven=float(rng.exponential(0.02)) if rng.random() < 0.2 else 0.0,
        weave_px=float(rng.uniform(0.1, 1.5)) if rng.random() < 0.45 else 0.0,
        log=bool(rng.random() < 0.08),
        blur_px=float(rng.uniform(0.4, 1.4)) if soft < 0.3 else 0.0,
        halo=float(rng.uniform(0.2, 1.2)) if soft > 0.8 else 0.0,
        quality=int(rng.integers(40, 96)) if coded_ else 0,
        phase=(int(rng.integers(8)), int(rng.integers(8))),
        levels=256 if rng.random() < 0.7 else 0,
    )
