"""Stimulus images: digits, letters, scenes and flanker rows as tasks show them, and streams of them.

`sprites` and `scenes` draw what can be shown, `rendering` places it in an image with jitter, contrast and
noise, `streams` follows a session and shows what it says. Only NumPy, pandas and Matplotlib's fonts are
needed.
"""
