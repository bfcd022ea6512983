"""Starts worker processes, replaces those that die, and stops them at the end."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_HEALTHY_AFTER_S = 60.0
"""A worker that lived this long is replaced at once when it dies."""
_LOOK_EVERY_S = 0.2


@dataclass(slots=True)
class _Post:
    """One place for a worker: who fills it, since when, and when it may be filled again."""

    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    fill_at: float = 0.0
    pause_s: float = _FIRST_PAUSE_S


class WorkerSupervisor:
    """Keeps `count` processes running `command`.

    Each holds one end of a pipe as standard input; when this process dies, however it dies,
    the pipe closes and the worker stops by itself.
    """

    def __init__(self, command: Sequence[str], count: int, environment: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._environment = environment
        self._posts = [_Post() for _ in range(count)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_filled, name="worker-supervisor", daemon=True)

    def start(self) -> None:
        """Start the workers and watch them."""
        self._thread.start()

    def stop(self, patience_s: float = 28.0) -> None:
        """Ask all to finish or hand back their work; insist after `patience_s`."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        running = [post.process for post in self._posts if post.process is not None]
        for process in running:
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()
        deadline = time.monotonic() + patience_s
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _keep_filled(self) -> None:
        while not self._stopping.is_set():
            for post in self._posts:
                self._look_after(post)
            self._stopping.wait(_LOOK_EVERY_S)

    def _look_after(self, post: _Post) -> None:
        now = time.monotonic()
        if post.process is None:
            if now >= post.fill_at:
                post.process, post.started_at = self._start_worker(), now
            return
        status = post.process.poll()
        if status is None:
            return
        if post.process.stdin is not None:
            post.process.stdin.close()
        if now - post.started_at > _HEALTHY_AFTER_S:
            post.pause_s = _FIRST_PAUSE_S
        structlog.get_logger().error("worker-died", status=status, again_in_s=post.pause_s)
        post.process, post.fill_at = None, now + post.pause_s
        post.pause_s = min(post.pause_s * 2, _LONGEST_PAUSE_S)

    def _start_worker(self) -> "subprocess.Popen[bytes]":
        """Out of reach of Ctrl-C, which is for the parent; prints to standard error, never to its output."""
        return subprocess.Popen(  # noqa: S603 - our own program, with arguments from the wiring
            self._command, env=self._environment, stdin=subprocess.PIPE, stdout=2, start_new_session=True
        )
