"""What the service prints beside its requests: sendings to printers, and how many label files may be made at once."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.goods import print_runner
from coldtrace.goods.print_refusals import PrintInterrupted
from coldtrace.goods.print_runner import SendRun, Sessions
from coldtrace.goods.print_store import PrintJob
from coldtrace.web.refusals import LabelsBusy

log = logging.getLogger("coldtrace.web.printing")

FILES_AT_ONCE = 2
RETRY_S = 15
_STOP_S = 30.0


class PrintRoom:
    """Sends jobs in threads of their own; a service that stops leaves them to be taken up at the next label."""

    def __init__(self, sessions: Sessions, env: Env) -> None:
        self._sessions, self._env = sessions, env
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._files = threading.BoundedSemaphore(FILES_AT_ONCE)

    def send(self, job: PrintJob, command: SendRun) -> None:
        """Begin sending; how it goes is noted in the job."""
        thread = threading.Thread(target=self._send, args=(job, command), name=f"print {job.job_id}", daemon=True)
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def stop(self) -> None:
        """Stop at the next batch."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_STOP_S)

    @contextmanager
    def one_file(self) -> Iterator[None]:
        """Hold one of the few places for making a file; raise LabelsBusy when all are taken."""
        if not self._files.acquire(blocking=False):
            raise LabelsBusy(limit=FILES_AT_ONCE, retry_s=RETRY_S)
        try:
            yield
        finally:
            self._files.release()

    def _send(self, job: PrintJob, command: SendRun) -> None:
        def go_on(done: int, total: int) -> None:
            if self._stopping.is_set() and done < total:
                raise PrintInterrupted(id=str(job.job_id))

        try:
            print_runner.send_job(self._sessions, self._env, job, command, go_on)
        except Refusal as refusal:
            log.warning("print job %s stopped: %s", job.job_id, refusal.code)
        except Exception:
            log.exception("print job %s failed", job.job_id)
