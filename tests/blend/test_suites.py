"""Every blender of the package passes the suite that strangers inherit."""

from restore.blend import Blender
from restore.blend.grain import Grain
from restore.blend.seam import Seam
from restore.blend.steady import Steady
from restore.testing import BlenderSuite


class TestSteady(BlenderSuite):
    def make(self) -> Blender:
        return Steady()


class TestSeam(BlenderSuite):
    def make(self) -> Blender:
        return Seam()


class TestGrain(BlenderSuite):
    def make(self) -> Blender:
        return Grain()
