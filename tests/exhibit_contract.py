"""What every exhibit of a study must declare, whatever it is about."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from studies.exhibits.base import Exhibit, Setting
from studies.exhibits.run import definition

SETTINGS = (Setting(quick=True), Setting())


def assert_declares_targets(exhibit: Exhibit, name: str) -> None:
    assert exhibit.name == name and exhibit.title
    assert re.search(r"doi:10\.\d{4,}/\S+", exhibit.paper)
    quantities = [target.quantity for target in exhibit.targets]
    assert len(set(quantities)) == len(quantities) >= 3
    for target in exhibit.targets:
        assert target.low is not None or target.high is not None
        if target.reference is not None:
            assert target.holds(target.reference), f"{target.quantity}: tolerance without its own reference"
    assert len(exhibit.methods().splitlines()) > 5


def assert_parts_are_plain(exhibit: Exhibit, setting: Setting) -> None:
    parts = exhibit.parts(setting)
    names = [part.name for part in parts]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[\w-]+", one) for one in names)
    assert all(part.weight > 0 for part in parts)
    again = json.loads(json.dumps(definition(exhibit, setting), allow_nan=False))
    assert again == definition(exhibit, setting)
    # parts find their functions in a fresh process
    for part in parts:
        assert "<" not in part.function.__qualname__
    other = definition(exhibit, replace(setting, seed=2))
    if any("seed" in part.arguments for part in parts):
        assert other != definition(exhibit, setting)
