"""A disk of a few MiB that a test can fill up: a tmpfs in a mount namespace of the test's own.

Programs that the test starts see the disk, nobody else does, and it is gone with the test, however
that ends.
"""

import ctypes
import errno
import os

_CLONE_NEWNS, _CLONE_NEWUSER, _MS_REC, _MS_PRIVATE = 0x00020000, 0x10000000, 0x4000, 0x40000
_libc = ctypes.CDLL(None, use_errno=True)


def _check(done, what):
    if done != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def own_mounts():
    """To be called once, before any thread or program is started."""
    user, group = os.geteuid(), os.getegid()
    _check(_libc.unshare(_CLONE_NEWNS | (_CLONE_NEWUSER if user else 0)), "a mount namespace")
    if user:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"0 {user} 1"),
            ("gid_map", f"0 {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as out:
                out.write(text)
    _check(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None), "private mounts")


class SmallDisk:
    """`own_mounts` must have been called. Not for sharing between threads."""

    def __init__(self, path, size_bytes):
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        options = f"size={size_bytes}".encode()
        _check(_libc.mount(b"none", bytes(path), b"tmpfs", 0, options), f"a small disk at {path}")
        self._filler = path / "filler"

    def fill(self):
        """Takes every byte that is left; to be called again for what has become free since."""
        with open(self._filler, "ab", buffering=0) as filler:
            for size in (2**16, 2**12):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self):
        self._filler.unlink(missing_ok=True)

    def close(self):
        _libc.umount2(bytes(self.path), 2)  # Detached at once, gone when nobody uses it.
