"""Brian2, imported once and in one place, with its takeover of other people's errors undone."""

from __future__ import annotations

import sys

_excepthook = sys.excepthook

import brian2 as b2  # noqa: E402

# Brian2 reports every uncaught error of a program as a bug of its own
sys.excepthook = _excepthook
b2.prefs.logging.file_log = False
b2.prefs.logging.std_redirection = False
b2.prefs.logging.save_script = False
# spikes that reach a ring in another order give the same sum; Brian2 cannot know
b2.BrianLogger.suppress_hierarchy("brian2.codegen.generators.base")

__all__ = ["b2"]
