"""A restored film and what is known about it in, numbers out: picture quality, steadiness, detection, harm."""
