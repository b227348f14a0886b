#!/usr/bin/env python3
"""The time zones of this machine's tzdata as the text that the date library reads on Windows, where
there are no compiled ones: `tzdata_text.py FOLDER`.

The package has the whole text as tzdata.zi, in the short form of zic(8): words are cut to what is
still unambiguous, and lines that continue a zone begin without a tab. Here they are whole again, in
one file by a name that the library looks for.
"""

import pathlib
import sys

SOURCE = pathlib.Path("/usr/share/zoneinfo/tzdata.zi")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def whole(short, words):
    (word,) = [word for word in words if word.startswith(short)]
    return word[:3]


def day(text):
    """`5`, `lastSu` or `l` + day, `Su>=1`."""
    for mark in (">=", "<="):
        if mark in text:
            name, number = text.split(mark)
            return whole(name, DAYS) + mark + number
    if text.startswith("l"):
        name = text.removeprefix("last") if text.startswith("last") else text[1:]
        return "last" + whole(name, DAYS)
    return text


def year(text):
    for word in ("only", "minimum", "maximum"):
        if not text[0].isdigit() and text[0] != "-" and word.startswith(text):
            return word[:4] if word == "only" else word[:3]
    return text


def rule(fields):
    name, first, last, kind, month, on, at, save, letter = fields
    return ["Rule", name, year(first), year(last), kind, whole(month, MONTHS), day(on), at, save,
            letter]


def until(fields):
    return [*fields[:1], *(whole(m, MONTHS) for m in fields[1:2]), *(day(d) for d in fields[2:3]),
            *fields[3:]]


def lines_of(text):
    for line in text.splitlines():
        fields = line.split()
        if not fields or line.startswith("#"):
            continue
        if fields[0] == "R":
            yield "\t".join(rule(fields[1:]))
        elif fields[0] == "L":
            yield "\t".join(["Link", *fields[1:]])
        elif fields[0] == "Z":
            yield "\t".join(["Zone", fields[1], *fields[2:5], *until(fields[5:])])
        else:
            yield "\t".join(["\t", *fields[:3], *until(fields[3:])])


def main():
    folder = pathlib.Path(sys.argv[1])
    text = SOURCE.read_text("utf-8")
    first = text.splitlines()[0]
    assert first.startswith("# version "), first
    (folder / "version").write_text(first.removeprefix("# version ") + "\n", "utf-8")
    (folder / "etcetera").write_text("\n".join(lines_of(text)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
