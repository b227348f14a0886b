"""The two products, and what of them stays the same for ever: codes by which Windows knows them."""

import re
import uuid
from typing import NamedTuple

# Every code below is made from names in this space. Never change it: Windows would no longer see
# that a file of one version is the file of another.
_SPACE = uuid.UUID("7d0a3c52-9f0e-4d7b-8a55-5f0c0f6f3b1e")
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,5}")


class Product(NamedTuple):
    title: str
    service: str
    description: str
    data: str  # the folder below %ProgramData%\MeterBill that is its alone
    holds: str

    @property
    def program(self):
        return f"meterbill-{self.data}.exe"


PRODUCTS = {
    "agent": Product("MeterBill Agent", "MeterBillAgent",
                     "Meters this machine and sends the readings to be billed.",
                     "agent", "readings that no worker has yet"),
    "worker": Product("MeterBill Worker", "MeterBillWorker",
                      "Turns the readings of machines into exact bills.",
                      "worker", "the ledger, which says what is owed"),
}


def _code(*words):
    return str(uuid.uuid5(_SPACE, "/".join(words))).upper()


def upgrade_code(name):
    """Of all versions of a product."""
    return _code("product", name)


def product_code(name, version):
    """Of one version; Windows looks at three numbers of it and no more."""
    if not _VERSION.fullmatch(version):
        raise ValueError(f"a version of Windows Installer is MAJOR.MINOR.PATCH, not '{version}'")
    return _code("product", name, version)


def component_code(path):
    """Of a file by where it lies, whichever product brings it: Windows counts who needs it."""
    return _code("file", path.lower())


__all__ = ["PRODUCTS", "Product", "component_code", "product_code", "upgrade_code"]
