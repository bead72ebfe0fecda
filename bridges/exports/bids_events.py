"""Sessions as a BIDS data set, and back without loss.

Each session becomes ``sub-<label>/beh/sub-<label>_task-<name>_events.tsv``. The standard asks for
``_events`` where rows have onset and duration and for ``_beh`` where they have not; sessions have both,
with or without responses.

Brain Imaging Data Structure: Gorgolewski et al. (2016) Scientific Data 3:160044, doi:10.1038/sdata.2016.44
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bridges.exports.files import refuse_to_overwrite
from bridges.human.readers import read_trials
from bridges.human.records import HumanRecord
from bridges.human.session_table import no_answers
from bridges.human.writers import write_bids
from bridges.responses import Responses
from bridges.session import Session

__all__ = ["read_sessions", "write_sessions"]

PEOPLE = {
    "participant_id": {"Description": "One participant for each session that was made"},
    "seed": {"Description": "Seed of the session; the same task and seed make the same session"},
}

README = """\
# {name}

Sessions of attention tasks, made by neurosim: what is shown, when, and what should be answered.

Rows of the events tables are told apart by `event_type`: `trial` (conditions, response window, correct
response), `stimulus` and `instruction` (input channel and level from 0 to 1), `response` (one that belongs
to no trial). Channels, responses, rules and parameters of the task stand in the sidecar under `Session`.
To read them back:

    from bridges.exports.bids_events import read_sessions
    sessions = read_sessions("FOLDER")
"""


def write_sessions(
    folder: str | Path,
    sessions: Sequence[Session],
    *,
    participants: Sequence[str] | None = None,
    responses: Sequence[Responses] | None = None,
    name: str = "Attention tasks",
) -> list[Path]:
    """Write sessions as a BIDS data set.

    Parameters
    ----------
    folder
        Root of the data set; made if need be.
    sessions
        What to write; a `SessionBatch` is such a sequence.
    participants
        One ``"sub-<letters and digits>"`` for each session; None: ``sub-0001``, ``sub-0002``, ...
    responses
        What was answered in each session; None: nobody performed yet.
    name
        Name of the data set.

    Returns
    -------
    list of Path
        The events tables, in the order of the sessions.

    Raises
    ------
    FileExistsError
        If a file is already there.
    ValueError
        If the lists differ in length, or lists everything that no such table can hold.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bridges.tasks import SART
    >>> with TemporaryDirectory() as folder:
    ...     written = SART(trials_per_digit=2).sessions(2, seed=1)
    ...     paths = write_sessions(folder, written)
    ...     back = read_sessions(folder)
    >>> [one.content_hash for one in back] == [one.content_hash for one in written]
    True
    """
    folder = Path(folder)
    width = max(4, len(str(len(sessions))))
    people = participants or [f"sub-{number + 1:0{width}d}" for number in range(len(sessions))]
    given = responses or [Responses(no_answers())] * len(sessions)
    if not len(people) == len(given) == len(sessions):
        raise ValueError(
            f"{len(sessions)} sessions, {len(people)} participants and {len(given)} responses; give one each"
        )
    records = [
        HumanRecord(who, "", "", {"seed": session.parameters.get("seed")}, session, answers)
        for who, session, answers in zip(people, sessions, given, strict=True)
    ]
    extra = {
        folder / "README.md": README.format(name=name),
        folder / "participants.json": json.dumps(PEOPLE, indent=2) + "\n",
    }
    refuse_to_overwrite([*extra, folder / "dataset_description.json"])
    paths = write_bids(folder, records, name=name, stimuli=True)
    for path, text in extra.items():
        path.write_text(text, encoding="utf-8")
    return paths


def read_sessions(path: str | Path, task: str | None = None) -> list[Session]:
    """Read the sessions that `write_sessions` wrote.

    Parameters
    ----------
    path
        A folder or one events table.
    task
        Name of the task, where a folder holds several.

    Returns
    -------
    list of Session
        With the content hashes of those that were written. `bridges.human.readers.read_trials` gives the
        responses as well.

    Raises
    ------
    FileNotFoundError, ValueError
        As `bridges.human.readers.read_trials`.
    """
    return [record.session for record in read_trials(path, task)]
