"""Runs read_volume.py on each volume that a line FOLDER KEYS of the input names.

Prints a line of JSON for each: [exit status, standard output, standard error]. One process for all
volumes saves the start of an interpreter for each.
"""
import contextlib
import io
import json
import os
import runpy
import sys

program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "read_volume.py")
for line in sys.stdin:
    sys.argv = [program, *line.split()]
    out, err, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(program, run_name="__main__")
        except SystemExit as ended:
            # As the interpreter does with sys.exit(text).
            status = 1
            err.write(f"{ended.code}\n")
    print(json.dumps([status, out.getvalue(), err.getvalue()]))
