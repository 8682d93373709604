#!/usr/bin/python3
"""Plays end-to-end stories with the real programs of $FILIAL_BIN.

    test/e2e/run.py --list             every story and its promise
    test/e2e/run.py STORY... [--seed N] [--count N] [--keep]

The seed is printed; with it the same moments come again. --count: how often a story does its main
thing, such as killing a process. --keep leaves the folder with databases and logs.
"""

import argparse
import importlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import stage  # noqa: E402

SKIPPED = 77  # ctest is told so.


def load():
    for path in sorted(HERE.glob("*_story.py")):
        importlib.import_module(path.stem)
    return stage.STORIES


def play(name, story, options):
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"== {story.promise}\n   {name} --seed {seed}", flush=True)
    made = stage.Stage(seed, options.count, options.keep)
    failed = True
    skipped = False
    try:
        story.play(made)
        for company in made.companies:
            company.stop()
        failed = False
    except stage.CannotRun as missing:
        # Of a part, which asks for a count, nothing is left out unseen.
        print(f"cannot be run here: {missing}", flush=True)
        skipped = options.count is None
        failed = not skipped
    except Exception:  # Said in whole, with the logs, before everything is ended.
        traceback.print_exc(file=sys.stdout)
    finally:
        made.close(failed)
    made.say("FAILED" if failed else "skipped" if skipped else "holds")
    return SKIPPED if skipped else int(failed)


def enter_own_mounts():
    """Goes on in a namespace of its own, where mounting is allowed: what is mounted goes with the
    story, however it ends, and nobody else's namespace keeps it. Gives False where the system lets
    nobody have one."""
    if os.environ.get("STORY_HAS_OWN_MOUNTS"):
        return True
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    tried = subprocess.run([*unshare, "true"], capture_output=True, check=False)
    if tried.returncode == 0:
        os.environ["STORY_HAS_OWN_MOUNTS"] = "1"
        os.execvp("unshare", [*unshare, sys.executable, *sys.argv])
    return os.geteuid() == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stories", nargs="*", metavar="STORY")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--count", type=int)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    # Whoever ends this program, such as `timeout`, ends the programs that it has started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("asked to end"))
    stories = load()
    if options.list:
        for name, story in stories.items():
            print(f"{name}|{story.seconds}|{story.promise}")
        return 0
    unknown = [name for name in options.stories if name not in stories]
    if unknown or not options.stories:
        print(f"run.py: {'no story ' + unknown[0] if unknown else 'name a story'}; see --list",
              file=sys.stderr)
        return 2
    if any(stories[name].mounts for name in options.stories) and not enter_own_mounts():
        print("cannot be run here: only root may mount a file system")
        return SKIPPED if options.count is None else 1
    results = [play(name, stories[name], options) for name in options.stories]
    return max(results, key=lambda code: (code == 1, code), default=0)


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C.UTF-8"
    sys.exit(main())
