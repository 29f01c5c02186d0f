"""Fails the first time, as jobs on a shared machine do."""
import os
import sys

mark = os.path.join("results", "flaky_results", "seen")
if not os.path.exists(mark):
    open(mark, "w").close()
    sys.exit("ConnectionResetError: the data store closed the connection")
os.remove(mark)
print("second time lucky")
