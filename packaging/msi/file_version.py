"""The version that a Windows program says of itself."""

import struct

_MARK = struct.pack("<II", 0xFEEF04BD, 0x00010000)  # VS_FIXEDFILEINFO begins so


def file_version(path):
    """As Windows Installer writes it, four numbers; None for what has none."""
    data = path.read_bytes()
    at = data.find(_MARK) if data[:2] == b"MZ" else -1
    if at < 0:
        return None
    high, low = struct.unpack_from("<II", data, at + len(_MARK))
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
