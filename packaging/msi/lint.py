#!/usr/bin/python3
"""Says what of a package wixl dropped or misplaced, and exits 1: lint.py PACKAGE.msi…"""

import sys

import tables

_SIXTY_FOUR_BIT = 256
# The former version is removed before anything of this one is there, and within the script, so that
# a failure brings it back. wixl puts it before the script; an action with After= would drag it
# behind the new service.
_FIRST = ("FindRelatedProducts", "AppSearch", "LaunchConditions", "CostFinalize", "InstallValidate",
          "InstallInitialize", "RemoveExistingProducts", "ProcessComponents", "Stop",
          "StopServices", "DeleteServices", "RemoveFiles", "InstallFiles", "WriteRegistryValues",
          "InstallServices")
_LAST = ("Configure", "KeepManual", "KeepDisabled", "Start", "InstallFinalize")
_DEFERRED = 1024


def _order(package):
    at = {name: int(row["Sequence"] or 0)
          for name, row in tables.keyed(package, "InstallExecuteSequence").items()}
    missing = [name for name in (*_FIRST, *_LAST) if name not in at]
    if missing:
        yield f"InstallExecuteSequence lacks {', '.join(missing)}"
        return
    order = [*_FIRST, *_LAST]
    for one, next_one in zip(order, order[1:]):
        if at[one] >= at[next_one]:
            yield f"{one} ({at[one]}) does not come before {next_one} ({at[next_one]})"
    for name, row in tables.keyed(package, "CustomAction").items():
        deferred = int(row["Type"]) & _DEFERRED
        if deferred and not at["InstallInitialize"] < at.get(name, 0) < at["InstallFinalize"]:
            yield f"deferred {name} ({at.get(name)}) is not within the script"


def _components(package):
    for name, row in tables.keyed(package, "Component").items():
        if int(row["Attributes"]) != _SIXTY_FOUR_BIT:
            yield f"component {name} has attributes {row['Attributes']}, not {_SIXTY_FOUR_BIT}"


def _files(package):
    hashed = tables.keyed(package, "MsiFileHash")
    for path, row in tables.files(package).items():
        if path.endswith(".exe") and (not row["Version"] or row["File"] in hashed):
            yield f"{path} has no version, or a hash beside it"
        if not path.endswith(".exe") and row["File"] not in hashed:
            yield f"{path} has no hash"
        if not path.startswith("ProgramFiles64Folder/MeterBill/"):
            yield f"{path}: only what lies below Program Files belongs to a package"


def _registry(package):
    for row in tables.rows(package, "Registry"):
        if row["Key"].startswith("\\") or row["Key"].endswith("\\"):
            yield f"registry key {row['Key']} has a backslash at an end"


def faults(package):
    for check in (_order, _components, _files, _registry):
        yield from check(package)


def main():
    found = [f"{package}: {fault}" for package in sys.argv[1:] for fault in faults(package)]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
