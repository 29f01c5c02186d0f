"""Takes a while, with a child that would go on for ever."""
import subprocess
import sys
import time

subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
for step in range(10):
    print(f"step {step + 1}/10", flush=True)
    time.sleep(0.2)
