#!/usr/bin/python3
"""Puts into a package what wixl has no words for: finish.py agent|worker STAGE PACKAGE.msi"""

import pathlib
import subprocess
import sys

import products
from file_version import file_version
from fill import identifier

# Custom action types: a command line whose folder is given; in the script, as the system. And one
# that sets a property, which is how a text comes into the log of the installer.
_COMMAND, _SET, _IGNORE, _DEFERRED, _AS_SYSTEM = 34, 51, 64, 1024, 2048
_VITAL = 0x8000
_INSTALLING = 'NOT REMOVE~="ALL"'
# As Windows has it in the registry: 2 is with the system, 3 by hand, 4 not at all.
_KEPT = (("KeepManual", "demand", 3), ("KeepDisabled", "disabled", 4))
_MAY_START = f'{_INSTALLING} AND (NOT FORMERSTART OR FORMERSTART="#2")'
_LEAVING = 'REMOVE~="ALL" AND NOT UPGRADINGPRODUCTCODE'


def _actions(name):
    """Rows (action, type, source, target, condition, sequence).

    The service is stopped by us before Windows Installer does it, which waits for 30 s and not for
    the process, whose file it then finds in use. All others stand behind all else of the script:
    rights and folders of the account are there before the service starts. That it does not start
    (a port is taken) is for the event log to say, and the programs stay. The command is named by
    its path and not by its file: of a newer one, which the other product brought, the installer
    would say that there is none."""
    product = products.PRODUCTS[name]
    command = f'"[{identifier("bin")}]meterbill.exe" service'
    folder = "[CommonAppDataFolder]MeterBill"
    stays = (f"{folder}\\{product.data} holds {product.holds}. It stays, and so does the "
             f"configuration in {folder}.")
    in_script = _COMMAND + _DEFERRED + _AS_SYSTEM
    yield ("Stop", in_script + _IGNORE, identifier("bin"), f"{command} stop {name}", "Installed",
           1890)
    yield ("Configure", in_script, identifier("bin"), f"{command} configure {name}", _INSTALLING,
           6501)
    # An upgrade makes the service anew; how it starts is for who decided otherwise to say.
    for at, (action, word, start) in enumerate(_KEPT, 6502):
        yield (action, in_script + _IGNORE, identifier("bin"),
               f'"[System64Folder]sc.exe" config {product.service} start= {word}',
               f'{_INSTALLING} AND FORMERSTART="#{start}"', at)
    yield ("Start", in_script + _IGNORE, identifier("bin"), f"{command} start {name}", _MAY_START,
           6504)
    yield "TellWhatStays", _SET, "METERBILL_DATA_STAYS", stays, _LEAVING, 6505


def queries(name, stage):
    for action, kind, source, target, condition, sequence in _actions(name):
        yield ("INSERT INTO `CustomAction` (`Action`, `Type`, `Source`, `Target`) "
               f"VALUES ('{action}', {kind}, '{source}', '{target}')")
        yield ("INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) "
               f"VALUES ('{action}', '{condition}', {sequence})")
    # The former version goes within the script: an installation that fails brings it back.
    yield ("UPDATE `InstallExecuteSequence` SET `Sequence` = 1501 "
           "WHERE `Action` = 'RemoveExistingProducts'")
    # Without its service the product is nothing: the installation fails.
    yield f"UPDATE `ServiceInstall` SET `ErrorControl` = {_VITAL + 1}"
    # What is found before an unprivileged user is asked holds behind it, too.
    secure = "FORMERSTART;WINDOWS10;WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED"
    yield f"UPDATE `Property` SET `Value` = '{secure}' WHERE `Property` = 'SecureCustomProperties'"
    # The newer one of a program that both products bring stays; wixl knows hashes only, by which
    # an installer would take any program for older than one with a version.
    for file in sorted(stage.rglob("*.exe")):
        version = file_version(file)
        if version is None:
            raise ValueError(f"{file} has no version resource")
        row = identifier(file.relative_to(stage).as_posix())
        yield (f"UPDATE `File` SET `Version` = '{version}', `Language` = '0' "
               f"WHERE `File` = '{row}'")
        yield f"DELETE FROM `MsiFileHash` WHERE `File_` = '{row}'"


def main():
    name, stage, package = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    assert name in products.PRODUCTS, name
    told = subprocess.run(["msibuild", package, *[word for query in queries(name, stage)
                                                  for word in ("-q", query)]],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if told.returncode or told.stdout:  # it may exit 0 all the same
        sys.exit(f"msibuild: {told.stdout}")


if __name__ == "__main__":
    main()
