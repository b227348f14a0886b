"""The database of one of our programs at one moment, for looking into it."""

import contextlib
import pathlib
import shutil
import sqlite3
import tempfile


@contextlib.contextmanager
def copied_database(service, name):
    """A connection to a copy of `name` in the state directory, with what its log holds. The program
    locks the file, so it is held still for as long as the copy takes; it may also be down, or
    frozen already."""
    with tempfile.TemporaryDirectory(dir=service.scratch) as folder:
        thaw = service.running() and not service.is_frozen()
        if thaw:
            service.freeze()
        try:
            for path in service.state_dir.glob(f"{name}*"):
                shutil.copy(path, folder)
        finally:
            if thaw:
                service.thaw()
        with contextlib.closing(sqlite3.connect(pathlib.Path(folder) / name)) as db:
            yield db
