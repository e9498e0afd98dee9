"""Two 8-bit proxies in, the motion between them out, with the places where it may be believed.

A service room: detection, filling and blending all ask it (through `window.Window.flow`), and nothing here asks them.
"""

from restore.motion.flow import Flow, estimate
from restore.motion.proxy import prefill, proxy

__all__ = ["Flow", "estimate", "prefill", "proxy"]
