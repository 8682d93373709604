#!/usr/bin/python3
"""scripts/lib/counts.py and what the parts print stay in step."""

import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
sys.dont_write_bytecode = True
import counts  # noqa: E402


def whole_log(part):
    lines = [f"counts: {least} {name}" for name, least in counts.WANTED[part].items()]
    return "\n".join(["a line", *lines, *(f"counts: 0 {name}" for name in counts.AMISS)]) + "\n"


class Parts(unittest.TestCase):
    def test_a_part_that_counts_too_little_or_not_at_all_fails(self):
        for part in counts.WANTED:
            log = whole_log(part)
            self.assertEqual(counts.missing(part, log), [], part)
            for line in re.findall(r"counts: .*\n", log):
                amiss = line.split()[2] in counts.AMISS
                if amiss and part in counts.COUNTS_NO_EVENTS:
                    continue
                self.assertEqual(len(counts.missing(part, log.replace(line, ""))), 1, f"{part} without {line}")
                if amiss:
                    self.assertEqual(len(counts.missing(part, log + line.replace("0", "1"))), 1, line)
                elif int(line.split()[1]) > 1:
                    less = line.replace(line.split()[1], "1", 1)
                    self.assertEqual(len(counts.missing(part, log.replace(line, less))), 1, line)

    def test_each_part_is_there_and_something_in_it_prints_what_is_wanted(self):
        printing = "".join(path.read_text() for path in [
            *(ROOT / "test" / "e2e").glob("*.py"), ROOT / "test" / "sim" / "main.cpp",
            ROOT / "test" / "sim" / "planted_search.cpp", ROOT / "test" / "faults" / "points_test.cpp"])
        for part, wanted in counts.WANTED.items():
            self.assertTrue((ROOT / "test" / "parts" / part).exists(), part)
            for name in wanted:
                if name.startswith("points of "):
                    name = "points of"
                self.assertTrue(name in printing, f"nobody prints {name!r} for {part}")

    def test_counts_of_one_name_are_added_up_and_other_lines_are_not_counts(self):
        text = "counts: 3 SIGKILLs\n 1.0 s  counts: 9 SIGKILLs\ncounts: 4 SIGKILLs\ncounts: x\n"
        self.assertEqual(counts.counts_of(text), {"SIGKILLs": 7})

    def test_the_table_says_what_has_not_run_on_this_tree_and_changes_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            stamps = pathlib.Path(folder)
            for part, tree, outcome in (("kills", "t1", "passed"), ("flips-1", "t0", "passed"),
                                        ("taps", "t1", "FAILED")):
                (stamps / f"{part}.log").write_text(whole_log(part))
                (stamps / f"{part}.ran").write_text(f"{tree} {outcome} abc 2026-11-29 17\n")
            made = counts.table(stamps, "t1")
        rows = {row.split("`")[1]: row for row in made.splitlines() if "`" in row}
        self.assertEqual(rows["kills"], "| `kills` | 1,060 SIGKILLs; 270 SIGKILLs of a publisher; "
                         "270 SIGKILLs of a broker; 270 SIGKILLs of a subscriber; "
                         "60 SIGKILLs of an import | 0 / 0 / 0 | abc, 2026-11-29 |")
        self.assertIn("not run on this tree", rows["flips-1"])
        self.assertIn("not run on this tree", rows["sim-4"])
        self.assertIn("**FAILED**", rows["taps"])
        page = f"before\n{counts.BEGIN}\nold\n{counts.END}\nafter\n"
        changed = counts.with_table(page, "new")
        self.assertEqual(changed, page.replace("old", "new"))
        self.assertRaises(SystemExit, counts.with_table, "no marks", "new")

    def test_the_page_has_its_marks(self):
        page = counts.PAGE.read_text()
        inside = page.split(counts.BEGIN)[1].split(counts.END)[0].strip()
        self.assertEqual(counts.with_table(page, inside), page)


if __name__ == "__main__":
    unittest.main()
