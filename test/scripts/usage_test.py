#!/usr/bin/python3
"""What the scripts cannot do they say in one line, with exit code 2, before they do anything."""

import pathlib
import subprocess
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Usage(unittest.TestCase):
    def refused(self, script, *arguments):
        """The line that it says."""
        with self.subTest((script, *arguments)):
            done = subprocess.run([ROOT / "scripts" / script, *arguments], capture_output=True,
                                  text=True, check=False, timeout=30)
            self.assertEqual((2, ""), (done.returncode, done.stdout), done.stderr)
            self.assertEqual(1, done.stderr.count("\n"), done.stderr)
            self.assertTrue(done.stderr.startswith(f"{script}: "), done.stderr)
            return done.stderr

    def test_the_demo_judges_its_arguments_before_it_installs_and_builds(self):
        for arguments in (["--order"], ["--order", ""], ["--order", "x"], ["--order", "-1"],
                          ["--cut"], ["--cut", "store13"], ["--data", "/nonexistent"], ["--nonsense"]):
            self.refused("demo", *arguments)
        with tempfile.TemporaryDirectory() as data:
            self.refused("demo", "--data", data)
            (pathlib.Path(data) / "ops").mkdir()
            (pathlib.Path(data) / "ops" / "here.jsonl").touch()
            self.refused("demo", "--data", data)
            (pathlib.Path(data) / "truth").mkdir()
            self.assertIn("but here", self.refused("demo", "--data", data, "--cut", "store1"))

    def test_the_stores_that_the_demo_can_cut_off_are_those_of_its_data(self):
        with tarfile.open(ROOT / "data" / "retail-first10.tar.xz") as tar:
            stores = {pathlib.Path(name).stem for name in tar.getnames() if name.endswith(".jsonl")}
        said = self.refused("demo", "--cut", "nobody").split(", but ")[1].split(";")[0]
        self.assertEqual(stores, set(said.split()))

    def test_a_flag_without_its_value_is_said_plainly(self):
        self.assertIn("--preset needs a name", self.refused("dev", "--preset"))
        self.assertIn("--preset nonsense", self.refused("dev", "--preset", "nonsense"))
        self.assertIn("--part needs a name", self.refused("test", "--part"))
        self.assertIn("no part nonsense", self.refused("test", "--part", "nonsense"))
        for jobs in ([], ["0"], ["x"]):
            self.assertIn("--jobs", self.refused("test", "--all", "--jobs", *jobs))


if __name__ == "__main__":
    unittest.main()
