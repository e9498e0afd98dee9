from __future__ import annotations

import av
import numpy as np
import pytest

from restore.errors import SourceError
from restore.layout import layout_of

PLANAR = [
    "gray", "gray10le", "gray12be", "gray16le", "grayf32le", "yuv420p", "yuvj420p", "yuv411p", "yuv410p", "yuv440p",
    "yuv422p9le", "yuv422p10be", "yuv444p12le", "yuv420p14le", "yuv444p16le", "yuva444p12le", "yuva420p", "gbrp",
    "gbrp9le", "gbrp10be", "gbrp14le", "gbrp16le", "gbrap", "gbrap16le", "gbrpf32le",
]
PACKED = {
    "rgb24": "gbrp", "bgr24": "gbrp", "rgb0": "gbrp", "bgr0": "gbrp", "0rgb": "gbrp", "0bgr": "gbrp", "rgba": "gbrap",
    "bgra": "gbrap", "argb": "gbrap", "abgr": "gbrap", "rgb48le": "gbrp16le", "rgb48be": "gbrp16le",
    "bgr48le": "gbrp16le", "rgba64le": "gbrap16le", "bgra64be": "gbrap16le", "x2rgb10le": "gbrp10le",
    "x2bgr10le": "gbrp10le", "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p",
    "nv42": "yuv444p", "p010le": "yuv420p10le", "p010be": "yuv420p10le", "p012le": "yuv420p12le",
    "p016le": "yuv420p16le", "p210le": "yuv422p10le", "p212le": "yuv422p12le", "p216le": "yuv422p16le",
    "p410le": "yuv444p10le", "p412le": "yuv444p12le", "p416le": "yuv444p16le", "yuyv422": "yuv422p",
    "uyvy422": "yuv422p", "yvyu422": "yuv422p", "y210le": "yuv422p10le", "y212le": "yuv422p12le",
    "xv36le": "yuv444p12le", "vuya": "yuva444p", "ayuv64le": "yuva444p16le",
}
H, W = 10, 16


def random_frame(name: str) -> av.VideoFrame:
    frame = av.VideoFrame(W, H, name)
    rng = np.random.default_rng(7)
    for plane in frame.planes:
        np.frombuffer(plane, np.uint8)[:] = rng.integers(0, 256, plane.buffer_size)
    return frame


def rows(frame: av.VideoFrame) -> list[np.ndarray]:
    return [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size) for p in frame.planes]


@pytest.mark.parametrize("name", PLANAR)
def test_planar_formats_agree_with_ffmpeg_s_own_description(name: str) -> None:
    pixels = layout_of(name).pixels
    theirs = av.VideoFormat(name, 17, 13)
    assert pixels.planes == len(theirs.components)
    for p, component in enumerate(theirs.components):
        assert pixels.shape(p, (13, 17)) == (component.height, component.width)
        assert pixels.depth == component.bits
    assert av.VideoFormat(pixels.name, W, H).is_big_endian is False
    assert pixels.full_range == (True if "j" in name else None)


@pytest.mark.parametrize("name", sorted(PACKED))
def test_packed_formats_come_apart_as_ffmpeg_takes_them_apart(name: str) -> None:
    layout = layout_of(name)
    assert layout.pixels.name == PACKED[name]
    frame = random_frame(name)
    planes = layout.planes(rows(frame), (H, W))
    theirs = frame.reformat(format=PACKED[name], threads=1)  # with more, swscale now and then forgets a row of y210
    word = np.uint8 if layout.pixels.depth == 8 else np.dtype("<u2")
    for p, (ours, other) in enumerate(zip(planes, theirs.planes, strict=True)):
        expected = np.frombuffer(other, word).reshape(other.height, -1)[:, : other.width]
        assert ours.dtype == layout.pixels.dtype
        assert ours.flags.owndata or ours.base.flags.owndata
        assert np.array_equal(ours, expected), f"plane {p}"


def test_padding_at_the_end_of_rows_is_not_picture() -> None:
    stored = np.full((4, 64), 255, np.uint8)
    stored[:, :6] = 7
    (plane,) = layout_of("gray").planes([stored], (4, 6))
    assert plane.shape == (4, 6)
    assert (plane == 7).all()


@pytest.mark.parametrize(
    "name",
    ["pal8", "monob", "monow", "bayer_rggb8", "xyz12le", "rgb565le", "rgb8", "cuda", "vaapi", "gbrpf16le", "uyyvyy411"],
)
def test_what_cannot_be_planes_of_code_values_is_refused_by_name(name: str) -> None:
    with pytest.raises(SourceError, match=name):
        layout_of(name)
