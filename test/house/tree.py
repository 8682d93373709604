"""The project's files as the rules of the house see them."""

import pathlib
import re

# A layer and what it may include. Downwards only; the three processes never include each other.
LAYERS = {
    "schema": {"schema"},
    "ledger": {"schema", "ledger"},
    "core": {"schema", "core"},
    "publisher": {"schema", "ledger", "core", "publisher"},
    "broker": {"schema", "ledger", "core", "broker"},
    "subscriber": {"schema", "ledger", "core", "subscriber"},
    "cli": {"schema", "core", "cli"},
}
SKIPPED_FOLDERS = {"build", "out", ".git", "__pycache__", ".cache"}
CODE_SUFFIXES = {".h", ".cpp", ".py"}


class Tree:
    """Text files by their path from the root, with / between the parts. Bytes that are not UTF-8
    are not text and are left out."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = {}
        for path in sorted(self._walk(self.root)):
            try:
                self.files[path.relative_to(self.root).as_posix()] = path.read_text("utf-8")
            except UnicodeDecodeError:
                continue

    def _walk(self, folder):
        for entry in folder.iterdir():
            if entry.is_symlink():
                continue
            if entry.is_dir():
                if entry.name not in SKIPPED_FOLDERS:
                    yield from self._walk(entry)
            elif entry.is_file():
                yield entry

    def cpp(self):
        """(path, text) of every C++ file."""
        return [(p, t) for p, t in self.files.items() if p.endswith((".h", ".cpp"))]

    def layered(self):
        """(layer, path, text) of every C++ file that stands in a layer."""
        return [(layer_of(p), p, t) for p, t in self.cpp() if layer_of(p)]

    def code(self):
        """(path, text) of what is programmed: C++, Python, and scripts without a suffix."""
        return [(p, t) for p, t in self.files.items()
                if pathlib.PurePosixPath(p).suffix in CODE_SUFFIXES or t.startswith("#!")]


def layer_of(path):
    top = path.split("/")[0]
    return top if top in LAYERS else None


def without_comments(text):
    """C++ text with its comments blanked, so that lines keep their numbers."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    text = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    return re.sub(r"(?<![:\"'])//[^\n]*", blank, text)


def lines_matching(pattern, text):
    """(line number, match) of each match."""
    return [(text.count("\n", 0, m.start()) + 1, m) for m in re.finditer(pattern, text, re.M)]
