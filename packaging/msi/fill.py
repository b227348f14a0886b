#!/usr/bin/python3
"""Fills the template of a product for wixl: fill.py agent|worker STAGE VERSION > FILE.wxs

Each file of the stage is a component of its own: Windows then counts rightly what both products
bring, and a file that a later version no longer has goes with the former version.
"""

import pathlib
import re
import sys
from xml.sax.saxutils import escape

import products

# At most 255 characters.
_DOWNGRADE = ("A later version of {} is installed. Its data may have a form that this version "
              "cannot read. To go back all the same, keep a copy of %ProgramData%\\MeterBill, "
              "remove the installed version, then install this one.")
HERE = pathlib.Path(__file__).resolve().parent
_INDENT = " " * 10


def identifier(path):
    """A name in the tables for a path of the stage: letters, digits, '_' and '.'."""
    return "_" + re.sub(r"[^A-Za-z0-9_.]", "_", path)[-60:]


def filled(name, values):
    text = (HERE / name).read_text("utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match[1]], text)


class Layout:
    """The folders and files of a stage as XML."""

    def __init__(self, stage, program, service):
        self._stage, self._program, self._service = stage, program, service
        self._lines, self._seen = [], set()

    def text(self):
        self._folder(self._stage, "")
        return "\n".join(self._lines)

    def references(self):
        return "\n".join(f'      <ComponentRef Id="{name}"/>' for name in sorted(self._seen))

    def _add(self, depth, text):
        self._lines += [_INDENT + "  " * depth + line for line in text.splitlines()]

    def _folder(self, folder, above, depth=0):
        for entry in sorted(folder.iterdir()):
            path = above + entry.name
            if entry.is_dir():
                self._add(depth, f'<Directory Id="{identifier(path)}" Name="{escape(entry.name)}">')
                self._folder(entry, path + "/", depth + 1)
                self._add(depth, "</Directory>")
            else:
                self._file(entry, path, depth)

    def _file(self, file, path, depth):
        name = identifier(path)
        if name in self._seen:
            raise ValueError(f"two files would be {name} in the tables; one is {path}")
        self._seen.add(name)
        self._add(depth, f'<Component Id="{name}" Guid="{products.component_code(path)}" '
                         'Win64="yes">')
        self._add(depth + 1, f'<File Id="{name}" Name="{escape(file.name)}" '
                             f'Source="{escape(path)}" KeyPath="yes"/>')
        if file.name == self._program:
            self._add(depth + 1, self._service)
        self._add(depth, "</Component>")


def wxs(name, stage, version):
    product = products.PRODUCTS[name]
    values = {"TITLE": product.title, "SERVICE": product.service,
              "DESCRIPTION": product.description, "VERSION": version,
              "DOWNGRADE": _DOWNGRADE.format(product.title),
              "PRODUCT_CODE": products.product_code(name, version),
              "UPGRADE_CODE": products.upgrade_code(name),
              "PROGRAM_ID": identifier(f"bin/{product.program}")}
    layout = Layout(stage, product.program, filled("service.wxs.in", values))
    values["FILES"] = layout.text()
    values["REFERENCES"] = layout.references()
    return filled("meterbill.wxs.in", values)


if __name__ == "__main__":
    try:
        sys.stdout.write(wxs(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]))
    except ValueError as error:
        sys.exit(f"fill: {error}")
