"""Hand-written fakes of what a sweep asks."""

from dataclasses import dataclass, field
from datetime import date

from cds.ct.patient import ArchivedPatient
from cds.study import ListedStudy
from cds.sweep import Sweep
from tests.support.assessments import SCANNED_ON


def a_study(number=1, day: date = SCANNED_ON, patient_id: str | None = None, instances=200, **facts):
    """A CT study of the hospital; each number another patient."""
    who = ArchivedPatient(patient_id or f"PAT-{number:04}", "HOSPITAL", date(1951, 4, 3), "female")
    return ListedStudy(f"1.2.3.{number}", day, facts.get("patient", who), instances)


@dataclass
class FakeIndex:
    """An archive's index; `trouble` is raised at the n-th question, once."""

    listed: list[ListedStudy] = field(default_factory=list)
    trouble: dict[int, Exception] = field(default_factory=dict)
    asked: list[tuple[date, date, str | None]] = field(default_factory=list)

    def studies(self, first, last, *, patient_id=None, before_request=lambda: None):
        """As loosely as archives match identifiers: any case."""
        before_request()
        self.asked.append((first, last, patient_id))
        if len(self.asked) in self.trouble:
            raise self.trouble.pop(len(self.asked))
        for each in self.listed:
            theirs = each.patient.patient_id.lower()
            if first <= each.study_date <= last and patient_id in (None, theirs, theirs.upper()):
                yield each


@dataclass
class FakeBacklog:
    """So many wait at each look, the last number for ever."""

    numbers: list[int] = field(default_factory=lambda: [0])
    looks: int = 0

    def waiting(self, hook):
        """The next number."""
        del hook
        self.looks += 1
        return self.numbers.pop(0) if len(self.numbers) > 1 else self.numbers[0]


@dataclass
class MemorySweepLog:
    """Sweeps by id."""

    sweeps: dict[str, Sweep] = field(default_factory=dict)

    def begin(self, request, now):
        """The unfinished one, else a new one."""
        known = self.sweeps.get(request.sweep_id)
        if known is None or known.finished:
            known = self.sweeps[request.sweep_id] = Sweep(request.sweep_id, now, request.units)
        return known

    def keep(self, sweep):
        """Replace."""
        self.sweeps[sweep.sweep_id] = sweep
