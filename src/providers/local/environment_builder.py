# environment_builder.py FOLDER
#
# Builds the virtual environment FOLDER from FOLDER.requirements.txt, or finds it built. At most one builder works on a
# folder at a time, over all processes: the lock goes with the process that holds it. The file `ready` is written last;
# a folder without it is built anew. Python 3.9 or newer, standard library only.
import fcntl
import os
import shutil
import subprocess
import sys

folder = sys.argv[1]
requirements = folder + ".requirements.txt"
ready = os.path.join(folder, "ready")


def run(*command):
    print("$", " ".join(command), flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(done.returncode if done.returncode > 0 else 1)


with open(folder + ".lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not os.path.exists(ready):
        shutil.rmtree(folder, ignore_errors=True)
        with open(requirements) as f:
            wanted = any(line.strip() for line in f)
        python = os.path.join(folder, "bin", "python")
        run(sys.executable, "-m", "venv", *([] if wanted else ["--without-pip"]), folder)
        if wanted:
            run(python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r", requirements)
        with open(ready + ".tmp", "w") as f:
            f.flush()
            os.fsync(f.fileno())
        os.rename(ready + ".tmp", ready)
