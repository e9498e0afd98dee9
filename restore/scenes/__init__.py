"""A seed in, moving pictures and film damage out whose motion, occlusion and masks are exactly known.

Used by the demo, the tests, training and the self-benchmark. Every frame can be asked for without the ones before it.
"""
