"""What RHEL 9 brings, by version: the newest symbols that our programs may ask for, and a package
that stands for all of it on a machine that has none of its packages."""

import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent

# glibc 2.34, g++ 11's libstdc++, systemd 252.
NEWEST = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13), "GCC": (7, 0, 0),
          "LIBSYSTEMD": (252,)}
# On x86-64 glibc begins with 2.2.5.
_OLDEST_GLIBC = ["2.2.5", "2.2.6", "2.3", "2.3.2", "2.3.3", "2.3.4"]

LIBRARIES = ("libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libsystemd.so.0",
             "ld-linux-x86-64.so.2")


def _versions():
    glibc = _OLDEST_GLIBC + [f"2.{minor}" for minor in range(4, NEWEST["GLIBC"][1] + 1)]
    for library in ("libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"):
        yield from ((library, f"GLIBC_{version}") for version in glibc)
    yield "libstdc++.so.6", "GLIBCXX_3.4"
    yield from (("libstdc++.so.6", f"GLIBCXX_3.4.{step}") for step in range(1, 30))
    yield "libstdc++.so.6", "CXXABI_1.3"
    yield from (("libstdc++.so.6", f"CXXABI_1.3.{step}") for step in range(1, 14))
    for version in ("3.0", "3.3", "3.3.1", "3.4", "3.4.2", "4.0.0", "4.2.0", "4.3.0", "4.7.0",
                    "4.8.0", "7.0.0"):
        yield "libgcc_s.so.1", f"GCC_{version}"
    yield from (("libsystemd.so.0", f"LIBSYSTEMD_{step}") for step in range(209, 253))


def provides():
    """What the linker of such a machine finds, in rpm's words."""
    return ([f"{library}()(64bit)" for library in LIBRARIES]
            + [f"{library}({version})(64bit)" for library, version in _versions()])


def build_stand_in(folder):
    """The package that provides this; a path in `folder`."""
    (folder / "provides").write_text(
        "".join(f"Provides: {name}\n" for name in provides()), "utf-8")
    subprocess.run(
        ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}",
         "--define", f"rhel9_provides {folder / 'provides'}",
         "--define", f"rhel9_helper {HERE / 'rhel9_update_helper.sh'}", HERE / "rhel9.spec"],
        check=True, capture_output=True)
    return next(folder.glob("RPMS/*/rhel9-9-1.*.rpm"))
