"""Mirrors cds/storage/group_commit.py."""

import threading

import pytest

from cds.storage.group_commit import GroupCommit


class SlowDisk:
    """Keeps what it is given; the first commit waits until a test lets it end. Refuses items that say so."""

    def __init__(self):
        self.commits = []
        self.begun, self.may_end = threading.Event(), threading.Event()

    def write(self, items):
        """One commit."""
        self.begun.set()
        assert self.may_end.wait(10)
        if "bad" in items:
            raise OSError("bad")
        self.commits.append(list(items))


def submit_while_writing(disk, commit, items):
    """Submit one item, and the others, in order, while the first is being written; what each ended with."""
    ended = {}

    def submit(item):
        try:
            commit.submit(item)
            ended[item] = "kept" if any(item in each for each in disk.commits) else "told too early"
        except OSError as fault:
            ended[item] = str(fault)

    threads = [threading.Thread(target=submit, args=(item,)) for item in items]
    threads[0].start()
    assert disk.begun.wait(10)
    for number, thread in enumerate(threads[1:], start=1):
        thread.start()
        while len(commit._queue) < number:
            threading.Event().wait(0.001)
    disk.may_end.set()
    for thread in threads:
        thread.join()
    return ended


def test_those_who_wait_share_a_commit():
    """While the first is written nine queue up; a second commit keeps them, in order; nobody is told before."""
    disk = SlowDisk()
    items = [f"row {number}" for number in range(10)]

    ended = submit_while_writing(disk, GroupCommit(disk.write), items)

    assert disk.commits == [items[:1], items[1:]]
    assert ended == dict.fromkeys(items, "kept")


def test_one_that_cannot_be_written_fails_alone():
    """Its submitter is told why; those beside it are kept, in order."""
    disk = SlowDisk()

    ended = submit_while_writing(disk, GroupCommit(disk.write), ["first", "one", "bad", "two"])

    assert ended == {"first": "kept", "one": "kept", "bad": "bad", "two": "kept"}
    assert disk.commits == [["first"], ["one"], ["two"]]


def test_a_fault_does_not_stop_what_comes_after():
    """The next commit is tried afresh."""
    disk = SlowDisk()
    disk.may_end.set()
    commit = GroupCommit(disk.write)

    with pytest.raises(OSError, match="bad"):
        commit.submit("bad")
    commit.submit("good")

    assert disk.commits == [["good"]]
