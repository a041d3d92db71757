"""Images read side by side: by decoder processes, each asked by one thread at a time, or by none, in this process.

Processes, because a user's own preprocessing may hold the interpreter's lock, and a damaged image may kill whatever
decodes it. Each is a fresh interpreter that is told over pipes what to read: no memory or lock of the ingest is in it,
and it ends when the ingest does.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ingest.images.decoding import UnreadableImage
from ingest.images.source import SourceImage
from ingest.images.worker import Answer, Decoding
from summit_graph.errors import SummitError

Pixels = NDArray[Any] | UnreadableImage
"""An image's array, or the reason why there is none."""


class WorkerDied(SummitError):
    """A decoder process ended by itself or was killed."""


class Decoders:
    """Reads images side by side; a context manager that ends its processes."""

    def __init__(self, decoding: Decoding, workers: int) -> None:
        """With 0 workers images are read in this process, each when it is asked for."""
        self._decoding = decoding
        self._idle: queue.SimpleQueue[DecoderProcess] = queue.SimpleQueue()
        self._processes = [DecoderProcess(decoding) for _ in range(workers)]
        for process in self._processes:
            self._idle.put(process)
        self._waiting = ThreadPoolExecutor(workers, thread_name_prefix="decoder") if workers else None

    def read(self, image: SourceImage) -> Future[Pixels]:
        """The image's array (or why it cannot be read), as soon as a process has made it.

        The result raises SummitError where preprocessing fails, WorkerDied where the process did not survive.
        """
        if self._waiting is not None:
            return self._waiting.submit(self._ask, image)
        done: Future[Pixels] = Future()
        try:
            done.set_result(self._decoding.read(image))
        except UnreadableImage as unreadable:
            done.set_result(unreadable)
        except SummitError as refused:
            done.set_exception(refused)
        return done

    def close(self) -> None:
        """Ends the processes."""
        if self._waiting is not None:
            self._waiting.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.end()
        if self._waiting is not None:
            self._waiting.shutdown(wait=True)

    def _ask(self, image: SourceImage) -> Pixels:
        process = self._idle.get()
        try:
            return process.read(image)
        finally:
            self._idle.put(process)


class DecoderProcess:
    """One process and its pipes; used by one thread at a time."""

    def __init__(self, decoding: Decoding) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "ingest.images.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            # Its own process group: Ctrl-C on the terminal is for the ingest alone.
            process_group=0,
        )
        self._send(sys.path)
        self._send(decoding)

    def read(self, image: SourceImage) -> Pixels:
        """The image's array or why there is none; raises SummitError where preprocessing fails, or WorkerDied."""
        try:
            self._send(image)
            answer: Answer = pickle.load(self._output)
            if answer.kind == "refused":
                raise SummitError(answer.reason)
            if answer.kind == "unreadable":
                return UnreadableImage(answer.reason)
            pixels = np.empty(answer.shape, answer.dtype)
            view = pixels.reshape(-1).view(np.uint8).data
            filled = 0
            while filled < len(view):
                read = self._output.readinto(view[filled:])  # type: ignore[attr-defined]
                if not read:
                    raise EOFError
                filled += read
            return pixels
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise WorkerDied(
                f"a decoder process {self._fate()} while it read {image.name}: if that image is no trap and memory was "
                "short, give fewer --workers; the same command goes on at the first class that is not finished"
            ) from error

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def end(self) -> None:
        """Ends the process; nothing of it is waited for."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    # What was still to be sent has nobody to read it.
                    continue

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _send(self, value: object) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(value, self._process.stdin)
            self._process.stdin.flush()
        except (BrokenPipeError, ConnectionResetError):
            if not isinstance(value, SourceImage):
                # The first image that is asked for will say it, with what was meant to be done.
                return
            raise

    def _fate(self) -> str:
        code = self._process.wait()
        if code >= 0:
            return f"ended with code {code}"
        try:
            return f"was killed ({signal.Signals(-code).name})"
        except ValueError:
            return f"was killed (signal {-code})"
