#!/usr/bin/python3
"""The check of the tree finds what is planted, and nothing in a tree that keeps the rules."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import rules  # noqa: E402
from tree import Tree  # noqa: E402

GOOD = {
    "schema/CMakeLists.txt": "filial_library(schema event.cpp codec.cpp)\n",
    "schema/event.h": "namespace filial::schema {\nint decode_event(ByteView bytes);\n}\n",
    "schema/event.cpp": '#include "schema/event.h"\nnamespace filial::schema {\n'
                        "namespace {\nint x;\n}\n}\n",
    "schema/codec.cpp": "#include <msgpack.hpp>\nnamespace filial::schema {}\n",
    "core/journal/log.h": '#include "schema/event.h"\n#include <rocksdb/db.h>\n'
                          "namespace filial::core {\nnamespace detail {}\n}\n",
    "core/link/keys.h": "#include <sodium.h>\n#include <zmq.hpp>\nnamespace filial::core {}\n",
    "broker/CMakeLists.txt": "filial_program(filial-broker main.cpp)\n",
    "broker/main.cpp": '#include <CLI/CLI.hpp>\n#include "core/link/keys.h"\nint main() {}\n',
    "test/unit/CMakeLists.txt": "filial_test(t any_test.cpp)\n",
    "test/unit/any_test.cpp": '#include <zmq.hpp>\n#include "schema/event.h"\n',
    "test/fuzz/event.cpp": "// decode_event\n",
}

# What is planted, and the rule that must find it. Words that the check would find in this very
# file are put together from halves.
PLANTED = [
    ("include_directions", "schema/up.h", '#include "core/journal/log.h"\n'),
    ("include_directions", "ledger/up.h", '#include "core/journal/log.h"\n'),
    ("include_directions", "core/up.h", '#include "ledger/up.h"\n'),
    ("include_directions", "broker/side.h", '#include "publisher/outbox.h"\n'),
    ("include_directions", "subscriber/side.h", '  #  include "broker/store_log.h"\n'),
    ("include_directions", "cli/down.h", '#include "ledger/up.h"\n'),
    ("include_directions", "core/tested.h", '#include "test/support/clock.h"\n'),
    ("includes_from_root", "schema/near.h", '#include "event.h"\n'),
    ("library_homes", "broker/queue.h", "#include <zmq.hpp>\n"),
    ("library_homes", "schema/event2.h", "#include <msgpack.hpp>\n"),
    ("library_homes", "core/link/store.h", "#include <rocksdb/db.h>\n"),
    ("library_homes", "core/journal/pack.h", "#include <lz4frame.h>\n"),
    ("library_homes", "subscriber/table.h", "#include <tsl/robin_map.h>\n"),
    ("library_homes", "core/link/sign.h", "#include <sodium.h>\n"),
    ("library_homes", "cli/file.h", "#include <toml++/toml.h>\n"),
    ("library_homes", "core/flags.h", "#include <CLI/CLI.hpp>\n"),
    ("library_homes", "subscriber/rows.h", "#include <nlohmann/json.hpp>\n"),
    ("namespaces", "core/lost.h", "namespace filial::schema {}\n"),
    ("namespaces", "schema/none.h", "int x;\n"),
    ("namespaces", "schema/alien.h", "namespace filial::schema {}\nnamespace other {}\n"),
    ("namespaces", "schema/upper.h", "namespace filial::schema {}\nnamespace filial::core {}\n"),
    ("file_lengths", "core/long.h", "int x;\n" * 401),
    ("file_lengths", "scripts/long", "#!/bin/bash\n" + "true\n" * 400),
    ("banned_words", "core/where.h", "auto here = std::source_location::current();\n"),
    ("banned_words", "core/pipe.h", "namespace v = std::views;\n"),
    ("banned_words", "core/text.h", "#include <format>\n"),
    ("blanks", "docs/tab.md", "a\tb\n"),
    ("blanks", "docs/end.md", "a \n"),
    ("blanks", "docs/last.md", "a"),
    ("machine_paths", "docs/mine.md", "look into /" + "work/main\n"),
    ("machine_paths", "scripts/mine", "cd '/" + "home/me/filial'\n"),
    ("loose_ends", "schema/later.h", "// TO" + "DO: the rest\n"),
    ("fuzz_targets", "schema/mark.h", "Result<Mark> decode_mark(Parser& p,\n  ByteView bytes);\n"),
    ("fuzz_targets", "core/link/bundle.h", "Result<Bundle> parse_bundle(ByteView bytes);\n"),
    ("fuzz_targets", "cli/memory.h", "Result<State> parse_memory(std::string_view text);\n"),
    ("fuzz_targets", "subscriber/row.h", "bool read_row(schema::ByteView row, Row& out);\n"),
    ("fuzz_targets", "broker/kept.h", "Result<void> restore(ByteView saved);\n"),
    ("test_names", "test/unit/semicolon_test.cpp", 'TEST_CASE("this; that") {}\n'),
    ("test_names", "test/unit/range_test.cpp", 'TEST_CASE("all of (after, upto]") {}\n'),
    ("test_names", "test/unit/twice_test.cpp", 'TEST_CASE("a") {}\nTEST_CASE("a") {}\n'),
    ("guarantees", "docs/guarantees.md", "| promise | limit | shown by |\n| --- | --- | --- |\n"
                                         "| it holds | | sender: a test that nobody wrote |\n"),
    ("guarantees", "docs/guarantees.md", "| promise | limit | shown by |\n| --- | --- | --- |\n"
                                         "| it holds | | part `none`; S99; e2e: none |\n"),
    ("guarantees", "docs/guarantees.md", "| promise | limit | shown by |\n| --- | --- | --- |\n"
                                         "| it holds | | model `none`; model `none M_OTHER` |\n"),
    ("promises_stand_once", "docs/guarantees.md",
     "| promise | limit | shown by |\n| --- | --- | --- |\n"
     "| It holds, always | but for a flood | S1 |\n| another | | S2 |\n"
     "| it holds always; in a flood too | | S3 |\n"),
    ("built_sources", "schema/alone.cpp", "namespace filial::schema {}\n"),
    ("built_sources", "test/unit/alone_test.cpp", "TEST_CASE(\"never run\") {}\n"),
]


class CheckTree(unittest.TestCase):
    def tree(self, files):
        folder = tempfile.TemporaryDirectory(prefix="filial-house-")
        self.addCleanup(folder.cleanup)
        for path, text in files.items():
            file = pathlib.Path(folder.name) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return Tree(folder.name)

    def test_a_tree_that_keeps_the_rules_has_no_findings(self):
        tree = self.tree(GOOD)
        self.assertEqual([], [finding for rule in rules.RULES for finding in rule(tree)])

    def test_each_planted_violation_is_found_by_its_rule(self):
        for name, path, text in PLANTED:
            with self.subTest(rule=name, path=path):
                findings = getattr(rules, name)(self.tree({**GOOD, path: text}))
                self.assertEqual([path], sorted({f.split(":")[0] for f in findings}))

    def test_comments_do_not_count_as_code(self):
        tree = self.tree({**GOOD, "core/say.h": "// not std::views; nor <format>\n"
                                                "namespace filial::core {}\n"})
        self.assertEqual([], rules.banned_words(tree))

    def test_a_file_of_more_than_300_lines_is_only_a_warning(self):
        tree = self.tree({**GOOD, "core/longer.h": "int x;\n" * 301})
        self.assertEqual([], rules.file_lengths(tree))
        self.assertEqual(["core/longer.h:301: 301 lines"], rules.long_files(tree))

    def test_build_folders_and_bytes_are_left_alone(self):
        tree = self.tree({**GOOD, "build/dev/x.h": "\t\n"})
        (tree.root / "bytes.bin").write_bytes(b"\xff\t \n")
        self.assertEqual([], rules.blanks(Tree(tree.root)))

    def test_unformatted_files_are_found_where_the_tool_is_installed(self):
        style = {".clang-format": "BasedOnStyle: Google\n"}
        if not rules.shutil.which("clang-format"):
            self.skipTest("clang-format is not installed")
        self.assertEqual([], rules.formatting(self.tree({**style, "core/a.h": "int x;\n"})))
        findings = rules.formatting(self.tree({**style, "core/a.h": "int   x;\n"}))
        self.assertEqual(["core/a.h"], [finding.split(":")[0] for finding in findings])

    def test_the_exit_code_says_whether_there_are_findings(self):
        program = pathlib.Path(__file__).with_name("check_tree.py")
        for extra, code in (({}, 0), ({"docs/end.md": "a \n"}, 1)):
            root = self.tree({**GOOD, **extra}).root
            run = subprocess.run([sys.executable, program, root], stdout=subprocess.DEVNULL,
                                 check=False)
            self.assertEqual(code, run.returncode)


if __name__ == "__main__":
    unittest.main()
