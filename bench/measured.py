"""Runs a command and says what it took: measured.py REPORT COMMAND... (stdin, stdout and stderr are passed on).

REPORT gets one JSON object: wall_s, cpu_s (with all waited-for descendants), peak_rss_mib (of the largest of them),
exit_code. A small process of its own, because the peak memory of a child starts with the size of who forked it.
"""

import json
import os
import sys
import time

report, command = sys.argv[1], sys.argv[2:]
start = time.monotonic()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, used = os.wait4(pid, 0)
wall = time.monotonic() - start
with open(report, "w", encoding="utf-8") as file:
    json.dump(
        {
            "wall_s": wall,
            "cpu_s": used.ru_utime + used.ru_stime,
            "peak_rss_mib": used.ru_maxrss / 1024,
            "exit_code": os.waitstatus_to_exitcode(status),
        },
        file,
    )
