"""People as participants: what they did, given back for the sessions that they did it in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridges.human.records import HumanRecord
from bridges.participants.base import Performance, Progress, no_progress
from bridges.session import Session

__all__ = ["RecordedParticipant"]


class RecordedParticipant:
    """Recorded people behind the border that circuits and networks have.

    A person cannot be asked to perform a new session, so `perform` takes only the sessions of its
    records, in any order and as often as wanted; seeds do not matter.

    Parameters
    ----------
    records
        What people did; each session (by content hash) once.

    Raises
    ------
    ValueError
        If there are no records, or two of them share a session.
    """

    def __init__(self, records: Iterable[HumanRecord]) -> None:
        self._records = tuple(records)
        if not self._records:
            raise ValueError("records is empty; give at least one HumanRecord, e.g. from read_trials")
        self._by_hash: dict[str, HumanRecord] = {}
        for record in self._records:
            other = self._by_hash.setdefault(record.session.content_hash, record)
            if other is not record:
                raise ValueError(
                    f"records of {other.participant_id} and {record.participant_id} have the same session "
                    f"{record.session!r}; give each session once, or make one RecordedParticipant a person"
                )

    @property
    def name(self) -> str:
        """The kind: ``"human"``."""
        return "human"

    @property
    def records(self) -> tuple[HumanRecord, ...]:
        """The records, in the order given."""
        return self._records

    @property
    def sessions(self) -> list[Session]:
        """The sessions that can be performed, in the order of the records."""
        return [record.session for record in self._records]

    def perform(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress = no_progress
    ) -> list[Performance]:
        """Give back what people did in these sessions.

        Parameters
        ----------
        sessions
            Sessions of the records, matched by content hash.
        seeds
            One a session, as for every participant; not used.
        progress
            Called when done.

        Returns
        -------
        list of Performance
            One a session, in order, without recordings.

        Raises
        ------
        ValueError
            If the lists differ in length; or lists every session that nobody performed.
        """
        if len(sessions) != len(seeds):
            raise ValueError(f"{len(sessions)} sessions but {len(seeds)} seeds; give one seed per session")
        unknown = [
            f"sessions[{i}] = {session!r}"
            for i, session in enumerate(sessions)
            if session.content_hash not in self._by_hash
        ]
        if unknown:
            tasks = ", ".join(sorted({record.session.task for record in self._records}))
            raise ValueError(
                "recorded people can only give back the sessions that they performed "
                f"({len(self._records)} of task {tasks}; see the attribute `sessions`); nobody performed:\n  "
                + "\n  ".join(unknown)
            )
        performances = [Performance(self._by_hash[s.content_hash].responses) for s in sessions]
        progress(1.0, "reading people's responses")
        return performances
