"""Tiny overlays and label maps, drawn for the tests that need a folder of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def rgba(folder: Path, name: str, alpha: np.ndarray) -> None:
    """Write an overlay (h, w): white where it is anything."""
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name), np.dstack([np.full((*alpha.shape, 3), 255, np.uint8), alpha.astype(np.uint8)]))


def made(root: Path) -> Path:
    """Return a folder with a cloud of dust, a hair, a blotch, and a scan with a leaning scratch and a speck of dirt."""
    cloud = np.zeros((40, 40), np.uint8)
    for y, x in ((6, 6), (6, 30), (20, 18), (33, 8), (30, 31)):
        cv2.circle(cloud, (x, y), 4, 255, -1)
    rgba(root / "spots", "a.png", cloud)
    hair = np.zeros((60, 60), np.uint8)
    cv2.line(hair, (10, 12), (50, 44), 255, 4)
    rgba(root / "hair", "a.png", hair)
    stain = np.zeros((50, 50), np.uint8)
    cv2.circle(stain, (25, 25), 15, 160, -1)
    rgba(root / "stain", "a.png", stain)
    labels = np.zeros((200, 200), np.uint8)
    cv2.line(labels, (20, 180), (150, 50), 5, 5)
    cv2.circle(labels, (40, 40), 6, 2, -1)
    labels[100, 190] = 1
    labels[180:186, 180:186] = 5
    cv2.imwrite(str(root / "scan_labels.png"), labels)
    return root
