"""Every filler of the package passes the suite that strangers inherit."""

from restore.fill import Filler
from restore.fill.donors import Donors
from restore.fill.harmonic import Harmonic
from restore.fill.navier_stokes import NavierStokes
from restore.fill.patchmatch import Patchmatch
from restore.fill.rows import Rows
from restore.fill.telea import Telea
from restore.testing import FillerSuite


class TestDonors(FillerSuite):
    def make(self) -> Filler:
        return Donors()


class TestHarmonic(FillerSuite):
    fills_all = True

    def make(self) -> Filler:
        return Harmonic()


class TestRows(FillerSuite):
    def make(self) -> Filler:
        return Rows()


class TestTelea(FillerSuite):
    fills_all = True

    def make(self) -> Filler:
        return Telea()


class TestNavierStokes(FillerSuite):
    fills_all = True

    def make(self) -> Filler:
        return NavierStokes()


class TestPatchmatch(FillerSuite):
    def make(self) -> Filler:
        return Patchmatch()
