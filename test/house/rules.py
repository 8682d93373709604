"""The rules of the house. Each takes a Tree and returns its findings, "path:line: what is wrong"."""

import fnmatch
import pathlib
import re
import shutil
import subprocess

from tree import LAYERS, layer_of, lines_matching, without_comments

# Headers of a third-party library, and the only files of the layers that may include them.
LIBRARY_HOMES = {
    "ZeroMQ": (r"zmq\w*\.(h|hpp)", ["core/link*"]),
    "msgpack": (r"msgpack.*", ["schema/codec*"]),
    "RocksDB": (r"rocksdb/.*", ["core/journal*", "subscriber/replica*"]),
    "lz4": (r"lz4\w*\.h", ["schema/block*"]),
    "robin-map": (r"tsl/.*", ["core/journal/kept_state*", "publisher/outbox*"]),
    "libsodium": (r"sodium.*", ["schema/hash*", "core/link/keys*", "core/keys*"]),
    "toml++": (r"toml.*", ["core/options*", "core/*/options*"]),
    "CLI11": (r"CLI/.*", ["cli/*", "*/main.cpp", "publisher/options*", "broker/options*",
                          "subscriber/options*", "core/process*"]),
    "nlohmann json": (r"nlohmann/.*", ["cli/*"]),
}
# Namespaces that a file may open to declare a class without including its header.
FORWARD_DECLARED = {"std", "rocksdb", "zmq", "toml", "CLI", "nlohmann", "msgpack"}

LINES_WARNED, LINES_MAX = 300, 400


def include_directions(tree):
    """schema below ledger and core, those below the processes, cli on core and schema."""
    found = []
    for layer, path, text in tree.layered():
        for line, match in lines_matching(r'^\s*#\s*include\s+"([^"]+)"', text):
            target = match.group(1)
            if layer_of(target) not in LAYERS[layer]:
                found.append(f'{path}:{line}: {layer} must not include "{target}"')
    return found


def includes_from_root(tree):
    """A quoted include names its file from the project's root, where it exists."""
    return [f'{path}:{line}: "{match.group(1)}" is no file of the project, seen from its root'
            for path, text in tree.cpp()
            for line, match in lines_matching(r'^\s*#\s*include\s+"([^"]+)"', text)
            if match.group(1) not in tree.files]


def library_homes(tree):
    """Each third-party library has one home; tests and benches may look anywhere."""
    found = []
    for _, path, text in tree.layered():
        for line, match in lines_matching(r"^\s*#\s*include\s+[<\"]([^>\"]+)[>\"]", text):
            for library, (headers, homes) in LIBRARY_HOMES.items():
                at_home = any(fnmatch.fnmatchcase(path, home) for home in homes)
                if re.fullmatch(headers, match.group(1)) and not at_home:
                    found.append(f"{path}:{line}: {library} lives in {', '.join(homes)}")
    return found


def namespaces(tree):
    """The namespace of a file is its folder. Others only to declare what the layer may use."""
    found = []
    for layer, path, text in tree.layered():
        own = f"filial::{layer}"
        code = without_comments(text)
        if not re.sub(r"^\s*#.*$", "", code, flags=re.M).strip():
            continue  # Only shows that a header stands alone.
        opened = [(line, match.group(1)) for line, match in lines_matching(
            r"^\s*(?:inline\s+)?namespace\s+([\w:]+)\s*\{", code)]
        usable = FORWARD_DECLARED | {"detail"} | {f"filial::{below}" for below in LAYERS[layer]}
        for line, name in opened:
            if not any(name == one or name.startswith(one + "::") for one in usable):
                found.append(f"{path}:{line}: namespace {name} in the folder of {own}")
        if own not in ["::".join(name.split("::")[:2]) for _, name in opened] \
                and not path.endswith("main.cpp"):
            found.append(f"{path}:1: does not open namespace {own}")
    return found


def file_lengths(tree):
    """A file is one noun; past 400 lines there is a second one in it."""
    return [f"{path}:{count}: {count} lines, more than {LINES_MAX}: look for the second noun"
            for path, count in _long_files(tree) if count > LINES_MAX]


def long_files(tree):
    """Only a warning: files that near the limit."""
    return [f"{path}:{count}: {count} lines" for path, count in _long_files(tree)
            if count <= LINES_MAX]


def _long_files(tree):
    counts = [(path, text.count("\n")) for path, text in tree.code()]
    return [(path, count) for path, count in counts if count > LINES_WARNED]


def banned_words(tree):
    """What clang 14 with this standard library cannot compile, and g++ 12 does not have."""
    words = (r"\bstd::source_location\b|<source_location>|\bstd::(?:ranges::)?views\b|<format>"
             r"|\bstd::format\b")
    return [f"{path}:{line}: {match.group()} does not compile everywhere here"
            for path, text in tree.cpp()
            for line, match in lines_matching(words, without_comments(text))]


def blanks(tree):
    """No tabs, no blanks at the end of a line, one newline at the end of a file."""
    found = []
    for path, text in tree.files.items():
        if path == "LICENSE" or "/corpus/" in path or path.startswith("test/golden/"):
            continue
        found += [f"{path}:{line}: a tab" for line, _ in lines_matching(r"\t", text)]
        found += [f"{path}:{line}: blanks at the end of the line"
                  for line, _ in lines_matching(r"[ \r]+$", text)]
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            found.append(f"{path}:{text.count(chr(10))}: not one newline at the end of the file")
    return found


def machine_paths(tree):
    """A clone works in any folder: no path of one person's machine."""
    # In two halves, so that this file does not find itself.
    absolute = r"(?<![\w.)}/\-])/(?:" + "work|home" + r")/\w"
    return [f"{path}:{line}: a path of one machine"
            for path, text in tree.files.items() for line, _ in lines_matching(absolute, text)]


def loose_ends(tree):
    """What is left to do stands in the issues, not in the code."""
    words = r"\b(?:TO" + "DO|FIX" + "ME|XX" + r"X)\b"
    return [f"{path}:{line}: {match.group()}"
            for path, text in tree.files.items() for line, match in lines_matching(words, text)]


# A name that says: bytes go in, and something that they mean comes out.
DECODER = r"\b((?:decode|parse|read|take|pass)_\w+|restore)\s*\(([^;{}()]*)\)"
# Their bytes are the name of what is read, not the thing that is decoded.
NO_DECODERS = {"read_sum", "read_pot", "read_room"}


def fuzz_targets(tree):
    """Every decoder of bytes from outside is named in a fuzz target."""
    targets = [set(re.findall(r"\w+", text)) for path, text in tree.files.items()
               if path.startswith("test/fuzz/") and path.endswith(".cpp")]
    found = []
    for _, path, text in tree.layered():
        if not path.endswith(".h"):
            continue
        code = without_comments(text)
        for line, match in lines_matching(DECODER, code):
            takes_bytes = re.search(r"\b(?:ByteView|string_view)\b", match.group(2))
            if match.group(1) in NO_DECODERS:
                continue
            if takes_bytes and not any(match.group(1) in words for words in targets):
                found.append(f"{path}:{line}: no file in test/fuzz/ names {match.group(1)}")
    return found


def test_names(tree):
    """Two tests have two names, and none has a character at which ctest would cut the name."""
    found = []
    seen = {}
    for path, text in tree.cpp():
        for line, match in lines_matching(r'^\s*TEST_CASE\w*\(\s*"((?:[^"\\]|\\.)*)"', text):
            name = match.group(1)
            if re.search(r"[;\[\]\\*?$]", name):
                found.append(f"{path}:{line}: one of ; [ ] \\ * ? $ in a test's name")
            if name in seen:
                found.append(f"{path}:{line}: {seen[name]} has a test of this name")
            seen[name] = f"{path}:{line}"
    return found


def guarantees(tree):
    """Each test that docs/guarantees.md cites is there: by its name or the name's beginning, by its
    requirement's number, as a part, or as a model, with a mutant of it."""
    page = "docs/guarantees.md"
    tests = [match.group(1) for _, text in tree.cpp() for _, match in lines_matching(
        r'^\s*TEST_CASE\w*\(\s*"((?:[^"\\]|\\.)*)"', text)]
    stories = [match.group(1) for path, text in tree.files.items()
               if path.startswith("test/e2e/") for _, match in lines_matching(
                   r'^@story\(\s*"([^"]*)"', text)]
    found = []
    rows = [(number, line) for number, line in enumerate(tree.files.get(page, "").split("\n"), 1)
            if line.startswith("|") and line.count("|") == 4]
    for number, line in rows[2:]:
        for cited in re.split(r"[;,] (?=S\d+\b|part `|e2e: )|; ", line.split("|")[3].strip()):
            name = re.sub(r" \([^()]*\)$", "", cited)
            part = re.fullmatch(r"part `([\w-]+)`", name)
            model = re.fullmatch(r"model `(\w+)(?: (M_\w+))?`", name)
            if model:
                text = tree.files.get(f"test/models/{model.group(1)}.pml", "")
                there = re.search(rf"\b{model.group(2)}\b" if model.group(2) else r"\bassert\b", text)
            elif part:
                there = f"test/parts/{part.group(1)}" in tree.files
            elif re.fullmatch(r"S\d+", name):
                there = any(one.startswith(name + ":") for one in tests + stories)
            elif name.startswith("e2e: "):
                there = any(re.sub(r"^[SN]\d+: ", "", one).startswith(name[5:])
                            for one in stories)
            else:
                there = bool(name) and any(one.startswith(name) for one in tests)
            if not there:
                found.append(f"{page}:{number}: there is no test {cited!r}")
    return found


def promises_stand_once(tree):
    """Two rows of docs/guarantees.md that begin with the same words, up to the first semicolon, are
    one promise: what one of them says of its limits, the other one contradicts sooner or later."""
    page = "docs/guarantees.md"
    found = []
    seen = {}
    for number, line in enumerate(tree.files.get(page, "").split("\n"), 1):
        if not line.startswith("|") or line.count("|") != 4:
            continue
        promise = line.split("|")[1].split(";")[0]
        key = " ".join(re.findall(r"\w+", promise.lower()))
        if key and key in seen:
            found.append(f"{page}:{number}: this promise stands in line {seen[key]} too")
        seen.setdefault(key, number)
    return found


def built_sources(tree):
    """A .cpp file that no CMakeLists.txt names is compiled by nobody, and its tests pass unseen."""
    found = []
    for path, _ in tree.cpp():
        if not path.endswith(".cpp") or path.startswith("test/fuzz/"):
            continue
        folders = [folder.as_posix() for folder in pathlib.PurePosixPath(path).parents]
        lists = [tree.files.get(f"{f}/CMakeLists.txt" if f != "." else "CMakeLists.txt", "")
                 for f in folders] + [t for p, t in tree.files.items() if p.endswith(".cmake")]
        name = re.escape(pathlib.PurePosixPath(path).name)
        if not any(re.search(r"(?<![\w-])" + name, text) for text in lists):
            found.append(f"{path}:1: no CMakeLists.txt above it names it")
    return found


def formatting(tree):
    """Every C++ file is as .clang-format says; judged only by the version of Debian 12."""
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool or ".clang-format" not in tree.files:
        return []
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
    paths = [path for path, _ in tree.cpp()]
    if " 14." not in version.stdout or not paths:
        return []
    run = subprocess.run([tool, "--dry-run", *paths], cwd=tree.root, capture_output=True,
                         text=True, check=False)
    files = sorted(set(re.findall(r"^(\S+?):\d+:\d+: warning", run.stderr, re.M)))
    found = [f"{path}:1: not formatted; run scripts/dev --format" for path in files]
    return found if found or run.returncode == 0 else [run.stderr.strip()]


RULES = [include_directions, includes_from_root, library_homes, namespaces, file_lengths,
         banned_words, blanks, machine_paths, loose_ends, fuzz_targets, test_names,
         built_sources, guarantees, promises_stand_once, formatting]
WARNINGS = [long_files]
