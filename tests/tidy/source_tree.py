"""The sources as the tidy rules see them; C++ also with comments and strings blanked."""

import bisect
import functools
import os
import re
import subprocess

CPP_SUFFIXES = (".h", ".cc")
CODE_SUFFIXES = CPP_SUFFIXES + (".py", ".sh", ".sql")

_TOKEN = re.compile(
    r"""
      (?P<comment> //(?:[^\n\\]|\\.)* | /\*.*?\*/ )
    | (?P<raw>     (?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)" )
    | (?P<string>  (?:u8|[uUL])?"(?:\\.|[^"\\\n])*" )
    | (?P<number>  \.?\d(?:'?[\w.])* )
    | (?P<name>    [A-Za-z_]\w* )
    | (?P<char>    '(?:\\.|[^'\\\n])*' )
    """,
    re.VERBOSE | re.DOTALL,
)


def _blank(text):
    """As many lines as the text, and nothing on them."""
    return "\n" * text.count("\n")


class Source:
    """One file: `path` relative to the tree, with forward slashes."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.name = path.rsplit("/", 1)[-1]
        self.parts = path.split("/")
        self.is_cpp = self.name.endswith(CPP_SUFFIXES)

    @functools.cached_property
    def lines(self):
        return self.text.splitlines()

    @functools.cached_property
    def without_comments(self):
        return _TOKEN.sub(lambda m: " " + _blank(m[0]) if m["comment"] else m[0], self.text)

    @functools.cached_property
    def code(self):
        """Without comments, and every string empty: what a word in it names is really used."""

        def keep(match):
            if match["comment"]:
                return " " + _blank(match[0])
            if match["raw"] or match["string"]:
                return '""' + _blank(match[0])
            return "' '" if match["char"] else match[0]

        return _TOKEN.sub(keep, self.text)

    @functools.cached_property
    def includes(self):
        """[(line, name, is ours)]: `#include "x"` is ours, `#include <x>` is not."""
        pattern = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
        text = self.without_comments
        return [(line_of(text, m.start(1)), m[2], m[1] == '"') for m in pattern.finditer(text)]

    def is_under(self, *folders):
        return any(self.path.startswith(folder + "/") for folder in folders)


@functools.lru_cache(maxsize=8)
def _line_starts(text):
    return [0] + [m.end() for m in re.finditer("\n", text)]


def line_of(text, offset):
    return bisect.bisect_right(_line_starts(text), offset)


def find_all(pattern, text):
    """[(line, what was found)] of a compiled pattern."""
    return [(line_of(text, m.start()), m[0].strip()) for m in pattern.finditer(text)]


def _names_on_disk(root):
    """What git tracks or would track; where there is no git, everything but what a build leaves."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-c", "-o", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
        return [name for name in listed.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        pass
    names = []
    for folder, folders, files in os.walk(root):
        here = os.path.relpath(folder, root)
        top = here == "."
        folders[:] = [f for f in folders if f not in (".git", "__pycache__", "node_modules")
                      and not (top and f in ("build", "dist"))]
        names += [name if top else f"{here}/{name}" for name in files if name != ".git"]
    return names


def read_tree(root):
    """{path: Source} of every text file of the tree."""
    tree = {}
    for name in sorted(_names_on_disk(root)):
        path = os.path.join(root, name)
        if not os.path.isfile(path) or os.path.islink(path):
            continue
        with open(path, "rb") as file:
            content = file.read()
        if b"\0" in content[:8192]:
            continue  # an image, a captured binary
        tree[name] = Source(name, content.decode("utf-8", errors="replace"))
    return tree
