"""A random generator and a size in, a canvas of textured, shaded, overlapping leaves out: a stand-in for a photograph.

Dead leaves with radii of power law 3 share the edges and the scaling of natural pictures (Lee, Mumford and Huang,
IJCV 2001); textures and shading make up for most of what flat leaves lack (Achddou et al., VibrantLeaves, 2025).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float

Rng = np.random.Generator
Canvas = npt.NDArray[np.uint16]
"""(h, w, 3) red, green and blue, 0 to 65535."""
FULL = 65535

TILE_PX = 256
"""Textures repeat after so many pixels."""
TEXTURES = 10
POWER = 3.0
"""Exponent of the law of radii."""
COVER = 1.2
"""How often the leaves cover the canvas."""
SINUSOIDS = 0.2
"""Share of textures that are waves: cloth, planks, bricks."""
NOISE_SLOPE = (0.5, 2.5)
COLOURS = 9
"""Colours a shot is made of."""
CONTRAST = (0.03, 0.2)
"""Standard deviation of a leaf's texture."""
SHADING = 0.3
"""How much brighter a leaf is on the side of the light than on the other, at most."""
SHADOW = 0.45
"""How much of the light a leaf takes from what lies under its edge."""
SHADOW_FROM_PX = 7.0
"""Smaller leaves throw no shadow."""
DETAIL = 0.15
"""Leaves smaller than this share of the largest take their colour mostly from what they lie on: foliage, gravel."""
GATHERING = 2.3
"""How much small leaves gather in thickets and leave other places smooth: power of the density's logarithm."""
UPRIGHT = 0.3
"""Share of leaves that are upright boxes: walls, windows, books, planks."""
LENS_PX = 0.65
"""Blur of the whole canvas: no lens draws an edge within one pixel, and moving it would flicker if it did."""


@dataclass(frozen=True)
class Stuff:
    """What the leaves of one shot are made of."""

    textures: Float
    """(n, TILE_PX, TILE_PX), mean 0, deviation 1, each one periodic."""
    palette: Float
    """(n, 3) red, green and blue, 0 to 1."""
    light: tuple[float, float]
    """(y, x) direction the light comes from; one sun a shot."""


def noise_texture(slope: float, rng: Rng) -> Float:
    """Return noise (TILE_PX, TILE_PX) whose amplitude falls as 1/f^slope, stretched by a random factor."""
    fy = np.fft.fftfreq(TILE_PX)[:, None] * np.exp(rng.normal(0, 0.4))
    fx = np.fft.rfftfreq(TILE_PX)[None] * np.exp(rng.normal(0, 0.4))
    fall = np.maximum(np.hypot(fy, fx), 1 / TILE_PX) ** -slope
    fall[0, 0] = 0
    return np.asarray(np.fft.irfft2(np.fft.rfft2(rng.normal(0, 1, (TILE_PX, TILE_PX))) * fall), np.float32)


def wave_texture(rng: Rng) -> Float:
    """Return a wavy or checked pattern (TILE_PX, TILE_PX)."""
    ys, xs = np.mgrid[0:TILE_PX, 0:TILE_PX] * (2 * np.pi / TILE_PX)
    bend = noise_texture(2.0, rng)
    bend *= rng.uniform(0, 1.5) / bend.std()
    n, m = rng.integers(8, 40), rng.integers(-12, 13)
    wave = np.sin(n * ys + m * xs + bend)
    if rng.random() < 0.5:
        wave = wave + np.sin(n * xs - m * ys + bend)
    return np.asarray(np.tanh(rng.uniform(0.7, 3) * wave), np.float32)


def draw_stuff(rng: Rng) -> Stuff:
    """Draw the textures and colours of a shot."""
    made = []
    for _ in range(TEXTURES):
        waves = rng.random() < SINUSOIDS
        made.append(wave_texture(rng) if waves else noise_texture(rng.uniform(*NOISE_SLOPE), rng))
        if waves:
            made[-1] += 0.5 * noise_texture(1.5, rng) / 1.0
    textures = np.stack([(t - t.mean()) / t.std() for t in made])
    # Earth, foliage, stone, skin and sky: natural colours lie on a narrow band from warm to cool, weakly saturated.
    warmth = rng.normal(0.03, 0.05, COLOURS)
    green = rng.normal(0.01, 0.025, COLOURS)
    value = np.linspace(0.16, 0.82, COLOURS) + rng.normal(0, 0.08, COLOURS)
    palette = value[:, None] * (1 + np.stack([warmth + 0.3 * green, green, -1.3 * warmth], -1) * 2)
    light = rng.normal(-0.5 * np.pi, 0.8)
    colours = np.asarray(np.clip(palette, 0.03, 0.93), np.float32)
    return Stuff(textures, colours, (float(np.sin(light)), float(np.cos(light))))


def radius(low: float, high: float, rng: Rng) -> float:
    """Draw a radius between two of the power law."""
    a, b = low ** (1 - POWER), high ** (1 - POWER)
    return float((a + rng.random() * (b - a)) ** (1 / (1 - POWER)))


def outline(radius_px: float, rng: Rng) -> Float:
    """Return points (n, 2) (x, y) of a closed curve about the origin: box, ellipse, polygon or smooth blob."""
    if rng.random() < UPRIGHT:
        high = float(np.exp(rng.normal(0.2, 0.6)))
        sides = 0.8 * radius_px * np.array([high**-0.5, high**0.5])
        box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * sides
        lean = rng.normal(0, 0.03)
        return np.asarray(box @ np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]]), np.float32)
    kind = rng.choice(3)
    n = int(np.clip(2 * radius_px, 10, 90))
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    far = np.ones(n)
    if kind == 1:
        angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 8)))
        far = rng.uniform(0.7, 1.2, angle.size)
    elif kind == 2:
        for k in range(2, 7):
            far = far + rng.normal(0, 0.45 / k) * np.cos(k * angle + rng.uniform(0, 6.283))
    points = (radius_px * np.maximum(far, 0.2))[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    squeeze, turn = np.exp(rng.normal(0, 0.35)), rng.uniform(0, np.pi)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(points * (squeeze, 1 / squeeze) @ turned, np.float32)


def tint(box: tuple[int, int, int, int], base: Float, scale_px: float, stuff: Stuff, rng: Rng) -> Float:
    """Return the surface (h, w, 3) of a leaf over `box`: its colour, one texture, and light falling across it."""
    y0, x0, y1, x1 = box
    texture = stuff.textures[rng.integers(len(stuff.textures))]
    oy, ox = rng.integers(0, TILE_PX, 2)
    rows = (np.arange(y0, y1) + oy) % TILE_PX
    columns = (np.arange(x0, x1) + ox) % TILE_PX
    fine = texture[np.ix_(rows, columns)] * np.float32(np.exp(rng.uniform(*np.log(CONTRAST))))
    rise = rng.uniform(0.2, 1) * SHADING / max(scale_px, 1)
    ys, xs = np.arange(y0, y1) - (y0 + y1) / 2, np.arange(x0, x1) - (x0 + x1) / 2
    light = rise * (ys[:, None] * stuff.light[0] + xs * stuff.light[1])
    shade = np.asarray(1 + np.clip(light, -0.6, 0.6), np.float32) * (1 + np.clip(fine, -0.8, 0.8))
    return np.clip(base * shade[..., None], 0, 1)


def stamp_leaf(canvas: Float, points: Float, surface_scale_px: float, base: Float, stuff: Stuff, rng: Rng) -> None:
    """Paint one leaf on the canvas (h, w, 3), in place; `points` (n, 2) are (x, y) on it."""
    h, w = canvas.shape[:2]
    x0, y0 = (int(v) for v in np.maximum(np.floor(points.min(0)) - 1, 0))
    x1, y1 = (int(v) for v in np.minimum(np.ceil(points.max(0)) + 2, (w, h)))
    if x0 >= x1 or y0 >= y1:
        return
    if surface_scale_px > SHADOW_FROM_PX:
        throw_shadow(canvas, points, 0.12 * surface_scale_px, stuff)
    alpha = coverage(points - np.array((x0, y0), np.float32), (y1 - y0, x1 - x0))[..., None]
    here = canvas[y0:y1, x0:x1]
    here += alpha * (tint((y0, x0, y1, x1), base, surface_scale_px, stuff, rng) - here)


def coverage(points: Float, size: tuple[int, int]) -> Float:
    """Return how much of each pixel (h, w) lies within the closed curve `points` (n, 2) (x, y), 0 to 1."""
    cover = np.zeros(size, np.uint8)
    cv2.fillPoly(cover, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return cover.astype(np.float32) / np.float32(255)


def throw_shadow(canvas: Float, points: Float, reach_px: float, stuff: Stuff) -> None:
    """Darken, in place, what lies beside a leaf on the side away from the light; soft, and a quarter of full size."""
    h, w = canvas.shape[:2]
    reach_px = min(reach_px, 24.0)
    away = np.array((-stuff.light[1], -stuff.light[0]), np.float32) * np.float32(reach_px)
    low, high = points.min(0) + away - 2 * reach_px, points.max(0) + away + 2 * reach_px + 4
    x0, y0 = (int(v) for v in np.maximum(np.floor(low), 0))
    x1, y1 = (int(v) for v in np.minimum(np.ceil(high), (w, h)))
    if x1 - x0 < 8 or y1 - y0 < 8:
        return
    k = 4 if reach_px > 4 else 1
    small = (-(-(y1 - y0) // k), -(-(x1 - x0) // k))
    soft = cv2.GaussianBlur(coverage((points + away - np.array((x0, y0))) / k, small), (0, 0), 0.7 * reach_px / k)
    soft = cv2.resize(soft, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR) if k > 1 else soft
    canvas[y0:y1, x0:x1] *= (1 - np.float32(SHADOW) * soft)[..., None]


def twigs(canvas: Float, count: int, width_px: float, rng: Rng) -> None:
    """Paint long thin curves on the canvas, in place: wires, stems, the lines in things."""
    h, w = canvas.shape[:2]
    for _ in range(count):
        at, far = rng.uniform(0, 1, 2) * (w, h), rng.uniform(0.05, 0.3) * max(h, w)
        turn, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 1.2)
        heading = turn + bend * np.linspace(0, 1, 40)
        points = at + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], -1), 0) * far / 40
        level = np.float32(rng.choice((0.12, 0.25, 0.65)))
        thick = max(1, round(float(np.exp(rng.normal(0, 0.4))) * width_px))
        x0, y0 = (int(v) for v in np.clip(points.min(0) - thick - 1, 0, (w, h)))
        x1, y1 = (int(v) for v in np.clip(points.max(0) + thick + 2, 0, (w, h)))
        if x0 < x1 and y0 < y1:
            cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
            fixed = np.rint((points - (x0, y0)) * 16).astype(np.int32)
            cv2.polylines(cover, [fixed], False, 255, thick, cv2.LINE_AA, 4)
            alpha = cover[..., None].astype(np.float32) * np.float32(1 / 255)
            canvas[y0:y1, x0:x1] += alpha * (level - canvas[y0:y1, x0:x1])


def draw_base(canvas: Float, at: Float, own_share: float, stuff: Stuff, rng: Rng) -> Float:
    """Draw the colour of a leaf at `at` (x, y): a share of its own, the rest that of the place it lies on."""
    h, w = canvas.shape[:2]
    under = canvas[int(np.clip(at[1], 0, h - 1)), int(np.clip(at[0], 0, w - 1))]
    own = stuff.palette[rng.integers(len(stuff.palette))]
    share = own_share if rng.random() > 0.015 else 1.0
    mixed = (share * own + (1 - share) * under) * np.float32(np.exp(rng.normal(0, 0.25)))
    return np.clip(np.asarray(mixed, np.float32), 0.02, 0.95)


def thickets(count: int, rng: Rng) -> Float:
    """Draw places (count, 2) (x, y), 0 to 1 and a little beyond, that gather where a smooth random density is high."""
    cells = 24
    field = noise_texture(1.6, rng)[:: TILE_PX // cells, :: TILE_PX // cells][:cells, :cells]
    density = np.exp(GATHERING * (field - field.mean()) / field.std()).ravel()
    cell = rng.choice(cells * cells, count, p=density / density.sum())
    at = np.stack([cell % cells, cell // cells], -1) + rng.normal(0.5, 0.6, (count, 2))
    return np.asarray(at / cells, np.float32)


def paint(size: tuple[int, int], largest_px: float, stuff: Stuff, rng: Rng, cover: float = COVER) -> Canvas:
    """Paint a canvas (h, w) full of leaves, none larger than `largest_px`: mostly large ones first, detail on top."""
    h, w = size
    smallest = max(2.0, largest_px / 120)
    canvas = tint((0, 0, h, w), stuff.palette[rng.integers(len(stuff.palette))], max(h, w) / 2, stuff, rng)
    mean_area = 2 * np.pi * smallest**2 * np.log(largest_px / smallest)
    count = max(3, round(cover * h * w / mean_area))
    # A few very large ones stand for walls, ground and sky, which the power law alone hardly ever draws.
    large = rng.uniform(0.5, 1, 2 + round(h * w / (2.5 * largest_px**2))) * largest_px
    radii = np.array([*large, *(radius(smallest, largest_px, rng) for _ in range(count))])
    order = np.argsort(-np.log(radii) + rng.normal(0, 0.5, radii.size))
    shares = radii / (radii + DETAIL * largest_px)
    loose = rng.uniform(-0.1, 1.1, (radii.size, 2))
    places = np.where(shares[:, None] > 0.4, loose, thickets(radii.size, rng)).astype(np.float32) * (w, h)
    for i in order:
        at, r = places[i].astype(np.float32), float(radii[i])
        stamp_leaf(canvas, outline(r, rng) + at, r, draw_base(canvas, at, float(shares[i]), stuff, rng), stuff, rng)
    twigs(canvas, max(1, round(np.sqrt(h * w) / 100)), largest_px / 250, rng)
    return to_canvas(canvas)


def to_canvas(picture: Float) -> Canvas:
    """Return a picture (h, w, 3) float32 as the lens would have it, 16 bit."""
    soft = cv2.GaussianBlur(picture, (0, 0), LENS_PX)
    return np.rint(np.clip(soft, 0, 1) * np.float32(FULL)).astype(np.uint16)
