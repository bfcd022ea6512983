"""Metrics in memory."""

from dataclasses import dataclass, field


@dataclass
class MemoryMetrics:
    """Adds up what it is given."""

    counts: dict = field(default_factory=dict)
    states: dict = field(default_factory=dict)

    def add(self, counts, states, process):
        """Of one process or another."""
        del process
        for sample, value in counts.items():
            self.counts[sample] = self.counts.get(sample, 0.0) + value
        self.states |= states

    def samples(self):
        """Everything."""
        return self.counts | self.states
