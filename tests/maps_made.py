"""DPX, Cineon and EXR files as scanners and compositing programs write them; and scans with dust."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

EXR_TYPES = {"u4": 0, "f2": 1, "f4": 2}


def dpx_bytes(planes, bits, end=">", packing=1, descriptor=50, pad=0, start=2048, rate=None, name="scan.dpx"):
    """Planes (H, W), in the order of the descriptor, as a DPX of one element."""
    h, w = planes[0].shape
    head = bytearray(max(start, 852))
    head[:4] = b"SDPX" if end == ">" else b"XPDS"
    struct.pack_into(f"{end}I", head, 4, start)
    head[36 : 36 + len(name)] = name.encode()
    struct.pack_into(f"{end}HHII", head, 768, 0, 1, w, h)
    head[800], head[803] = descriptor, bits
    struct.pack_into(f"{end}HHIII", head, 804, packing, 0, start, pad, 0)
    if rate is not None:
        struct.pack_into(f"{end}f", head, 1724, rate)
    samples = np.stack(planes, -1).reshape(h, -1)
    return bytes(head) + b"".join(r + bytes(-len(r) % 4) + b"\xa5" * pad for r in _rows(samples, bits, end, packing))


def _rows(samples, bits, end, packing):
    if packing == 0 and bits in (10, 12):  # as one great number, its lowest bits in the first word
        for row in samples.tolist():
            number = sum(v << (k * bits) for k, v in enumerate(row))
            count = -(-len(row) * bits // 32)
            yield np.frombuffer(number.to_bytes(4 * count, "little"), "<u4").astype(f"{end}u4").tobytes()
        return
    if bits == 10:
        samples = np.pad(samples, [(0, 0), (0, -samples.shape[1] % 3)])
        samples = samples.reshape(len(samples), -1, 3).astype(np.uint32)
        low = 2 if packing == 1 else 0
        samples = (samples << np.array([20 + low, 10 + low, low], np.uint32)).sum(-1, dtype=np.uint32)
    elif bits == 12:
        samples = samples << 4 if packing == 1 else samples
    stored = samples.astype({8: "u1", 10: f"{end}u4", 12: f"{end}u2", 16: f"{end}u2"}[bits])
    yield from (r.tobytes() for r in stored)


def cineon_bytes(planes, bits=10, end=">", packing=5, rate=None):
    """Planes (H, W) as a Cineon file whose samples of a pixel lie together."""
    h, w = planes[0].shape
    head = bytearray(2048)
    head[:4] = b"\x80\x2a\x5f\xd7" if end == ">" else b"\xd7\x5f\x2a\x80"
    struct.pack_into(f"{end}I", head, 4, 2048)
    head[193] = len(planes)
    for k in range(len(planes)):
        struct.pack_into(f"{end}BBBxII", head, 196 + 28 * k, 0, k + 1, bits, w, h)
    struct.pack_into(f"{end}4BII", head, 680, 0, packing, 0, 0, 0, 0)
    if rate is not None:
        struct.pack_into(f"{end}f", head, 1072, rate)
    samples = np.stack(planes, -1).reshape(h, -1)
    if packing in (3, 4):  # words of 16 bits
        samples, bits = samples << (16 - bits if packing == 3 else 0), 16
    return bytes(head) + b"".join(r + bytes(-len(r) % 4) for r in _rows(samples, bits, end, 1 if packing == 5 else 2))


def exr_bytes(planes, compression=3, version=2, shown=None, tile=None, origin=(0, 0), more=(), further=()):
    """Named planes (H, W) of half, float or whole numbers: 0 none, 1 RLE, 2 ZIPS, 3 ZIP; tiles (h, w) where asked for.

    `more` are further attributes (name, type, value), `further` are planes of further parts.
    """
    parts = [(planes, tile), *((p, None) for p in further)]
    several = bool(further)
    flags = version | (0x1000 if several else 0x200 if tile else 0)
    heads = [_exr_head(p, compression, shown, t, origin, more, n if several else None)
             for n, (p, t) in enumerate(parts)]
    head = struct.pack("<II", 20000630, flags) + b"".join(heads) + b"\0" * several
    chunks = [struct.pack("<i", n) * several + c
              for n, (p, t) in enumerate(parts) for c in _exr_chunks(p, compression, t, origin)]
    starts = np.cumsum([len(head) + 8 * len(chunks), *(len(c) for c in chunks)])[:-1]
    return head + b"".join(struct.pack("<Q", int(s)) for s in starts) + b"".join(chunks)


def _exr_head(planes, compression, shown, tile, origin, more, part):
    names = sorted(planes)
    h, w = planes[names[0]].shape
    types = {n: planes[n].dtype.str[1:] for n in names}
    listed = b"".join(n.encode() + b"\0" + struct.pack("<iIii", EXR_TYPES[types[n]], 0, 1, 1) for n in names) + b"\0"
    y, x = origin
    window = struct.pack("<4i", x, y, x + w - 1, y + h - 1)
    facts = [
        ("channels", "chlist", listed), ("compression", "compression", bytes([compression])),
        ("dataWindow", "box2i", window), ("displayWindow", "box2i", struct.pack("<4i", *shown) if shown else window),
        ("lineOrder", "lineOrder", b"\0"), ("pixelAspectRatio", "float", struct.pack("<f", 1)),
        ("screenWindowCenter", "v2f", bytes(8)), ("screenWindowWidth", "float", struct.pack("<f", 1)), *more,
    ]
    if tile:
        facts.append(("tiles", "tiledesc", struct.pack("<IIB", tile[1], tile[0], 0)))
    if part is not None:
        count = len(_exr_boxes(h, w, compression, tile))
        facts += [("name", "string", b"part%d" % part), ("type", "string", b"tiledimage" if tile else b"scanlineimage"),
                  ("chunkCount", "int", struct.pack("<i", count))]
    return b"".join(n.encode() + b"\0" + k.encode() + b"\0" + struct.pack("<I", len(v)) + v
                    for n, k, v in facts) + b"\0"


def _exr_boxes(h, w, compression, tile):
    high, wide = tile or (16 if compression == 3 else 1, w)
    return [(top, min(h, top + high), left, min(w, left + wide)) for top in range(0, h, high)
            for left in range(0, w, wide)]


def _exr_chunks(planes, compression, tile, origin):
    h, w = next(iter(planes.values())).shape
    for top, bottom, left, right in _exr_boxes(h, w, compression, tile):
        raw = b"".join(planes[n][y, left:right].tobytes() for y in range(top, bottom) for n in sorted(planes))
        packed = _packed(raw, compression)
        body = packed if len(packed) < len(raw) else raw
        place = (left // tile[1], top // tile[0], 0, 0) if tile else (top + origin[0],)
        yield struct.pack(f"<{len(place) + 1}i", *place, len(body)) + body


def _packed(raw, compression):
    if compression == 0:
        return raw
    data = np.frombuffer(raw, np.uint8)
    halves = np.concatenate([data[0::2], data[1::2]]).astype(int)
    steps = halves.copy()
    steps[1:] = (np.diff(halves) + 128) & 255
    differences = steps.astype(np.uint8).tobytes()
    return _runs(differences) if compression == 1 else zlib.compress(differences)


def _runs(data):
    out, at = b"", 0
    while at < len(data):
        run = 1
        while at + run < len(data) and data[at + run] == data[at] and run < 128:
            run += 1
        if run > 2:
            out += bytes([run - 1, data[at]])
        else:
            out += bytes([256 - run]) + data[at : at + run]
        at += run
    return out


def dusty_scan(seed, size=(192, 256), dust=30, ghost=0.08, shift=(0.0, 0.0)):
    """A picture (H, W) of 8-bit levels, its infrared map (H, W) 0 to 1 that lies `shift` beside it, and where dust is.

    The map is what is known of scanners: dust opaque, light that falls off, a ghost of the scene, noise.
    """
    rng = np.random.default_rng(seed)
    h, w = size
    scene = cv2.GaussianBlur(rng.random(size).astype(np.float32), (0, 0), 2)
    scene = np.clip((scene - scene.mean()) * 4 + 0.5, 0.05, 0.95)
    scene[:, w // 3 : w // 3 + 9] *= 0.3
    marks = np.zeros(size, np.float32)
    for _ in range(dust):
        at = (int(rng.integers(8, w - 8)), int(rng.integers(8, h - 8)))
        cv2.circle(marks, at, int(rng.integers(1, 4)), 1.0, -1)
    soft = cv2.GaussianBlur(marks, (0, 0), 0.7)
    picture = scene * (1 - 0.9 * soft) * 255 + rng.normal(0, 2, size)
    ys, xs = np.mgrid[:h, :w]
    light = 0.8 - 0.3 * ((ys / h - 0.5) ** 2 + (xs / w - 0.5) ** 2)
    map_ = (light * scene**ghost * (1 - 0.8 * soft) + rng.normal(0, 0.006, size)).astype(np.float32)
    matrix = np.array([[1, 0, -shift[1]], [0, 1, -shift[0]]])
    map_ = cv2.warpAffine(map_, matrix, (w, h), borderMode=cv2.BORDER_REFLECT)
    return np.clip(picture, 0, 255).astype(np.float32), np.clip(map_, 0, 1), marks > 0
