"""A worker process does not outlive the one that started it, however that one ends."""

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """Watch the parent from a thread of this worker, and end at once when it is gone."""
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
