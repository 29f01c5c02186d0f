# launcher.py JOURNAL GRACE_S SLOTS
#
# Starts jobs for one orchestrator and outlives it. Reads one JSON line per order on stdin, appends one JSON line per
# fact to JOURNAL, and knocks on stdout (a dot) when there are new ones: at once when nothing is left to start, else
# some times a second, because hearing of every short job costs more than the job. Python 3.9 or newer, standard library only.
#
# Orders:  {"key", "dir", "folders", "log", "steps": [{"name", "argv", "cwd", "link", "env"}], "timeout_s", "secrets",
#           "log_link": a second name for the log | null, "memory_mib": n | null, "gpus": n,
#           "log_before": log of the attempt before, whose text comes first | null,
#           "tied": true where nothing of the job may outlive it or the orchestrator}
#          {"cancel": [key, ...], "now": bool}   {"slots": n}   {"gpus": [name, ...]}
# Facts:   open      pid, start, boot: this launcher
#          intent    key, step: about to start a process; written before the attempt to do so
#          started   key, step, pid, start
#          ended     key, code, cpu_s, rss_kib, why (null | canceled | timed_out | memory | setup), tail (last line of the log)
#          dropped   key: canceled before anything of it was started
#          returned  key, why: nothing of it was started, because the machine is in trouble; may be ordered again
#          closed    the orchestrator has gone: nothing more is started, except later steps of jobs that run
# Every fact has "at", in milliseconds since 1970. Secrets pass through this process's memory only.
import errno
import json
import os
import re
import select
import shutil
import signal
import sys
import time
from collections import deque

# How many folders are ready before a slot is free; made in one go, because whoever has just started a job waits for a core.
PREPARED = (2, 24)
PREPARE_S = 0.02
KNOCK_EVERY_S = 0.1
MEMORY_EVERY_S = 0.25
# What runs out on a machine, whoever asks for it; and in folders of ours, what may be set right from outside.
EXHAUSTED = {getattr(errno, n) for n in "ENOSPC EDQUOT EROFS EMFILE ENFILE ENOMEM EAGAIN EIO".split() if hasattr(errno, n)}
NOT_OURS = EXHAUSTED | {errno.EACCES, errno.EPERM}
REDACTED = b"[redacted]"
# Python ignores these; the jobs must not inherit that.
RESET_SIGNALS = [s for s in (getattr(signal, n, None) for n in ("SIGPIPE", "SIGXFSZ", "SIGHUP", "SIGINT")) if s is not None]

grace_s = float(sys.argv[2])
slots = int(sys.argv[3])
queue = deque()
running = {}  # pid -> job
stopping = {}  # pid of a group whose leader has ended, while other members may still live -> job
pipes = {}  # read end of the output of a job with secrets -> job
facts = []
base_env = dict(os.environ)
listings = {}  # code folder -> (folders, files)
compact = json.JSONEncoder(separators=(",", ":")).encode
listening = True
unheard = False  # the journal holds what nobody was told of
knocked_at = 0.0
memory_at = 0.0
gpus = []  # that nobody uses
subreaper = False
session = {"setsid": True}


def now_ms():
    return int(time.time() * 1000)


def note(event, **fields):
    facts.append({"e": event, "at": now_ms(), **fields})


def tell():
    """Facts go into the journal, the only truth."""
    global unheard
    if not facts:
        return
    lines = b"".join(compact(f).encode() + b"\n" for f in facts)
    facts.clear()
    write_all(journal, lines)
    unheard = True


def knock():
    """Tells whoever listens that the journal has grown."""
    global listening, unheard, knocked_at
    if not unheard or (queue and time.monotonic() < knocked_at + KNOCK_EVERY_S):
        return
    unheard = False
    knocked_at = time.monotonic()
    if listening:
        try:
            os.write(1, b".")
        except BlockingIOError:
            pass  # full of knocks
        except OSError:
            listening = False


def write_all(fd, data):
    """A full disk must not end the launcher: the fact is tried again until it is written."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view):]
        except OSError:
            time.sleep(0.2)


def start_time(pid):
    """Tells this process from a later one with the same pid."""
    try:
        fd = os.open("/proc/%d/stat" % pid, os.O_RDONLY)
        try:
            stat = os.read(fd, 4096)
        finally:
            os.close(fd)
        return stat[stat.rindex(b")") + 2 :].split(b" ", 20)[19].decode()
    except (OSError, ValueError, IndexError):
        pass
    if sys.platform.startswith("linux"):
        return ""
    import subprocess

    try:
        asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    except OSError:
        return ""
    return asked.stdout.strip()


def boot_id():
    try:
        with open("/proc/sys/kernel/random/boot_id") as f:
            return f.read().strip()
    except OSError:
        return ""


def prepare(job):
    """A clean folder for the attempt, made while the slots are busy."""
    job["prepared"] = True
    try:
        try:
            os.mkdir(job["dir"])
        except FileExistsError:
            shutil.rmtree(job["dir"])
            os.mkdir(job["dir"])
        except FileNotFoundError:
            os.makedirs(job["dir"])
        for folder in job["folders"]:
            os.mkdir(folder)
        for step in job["steps"]:
            if step["link"]:
                link_code(step["link"], step["cwd"])
        job["log_fd"] = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        job["broken"] = "could not prepare the working folder: %s" % error
        job["returns"] = error.errno in NOT_OURS


def link_code(code, target):
    """Folders are real, so that a job may write beside its code; files are links to the shared copy."""
    if code not in listings:
        folders, files = [], []
        for parent, dirnames, filenames in os.walk(code):
            below = os.path.relpath(parent, code)
            prefix = "" if below == "." else below + "/"
            for name in list(dirnames):
                if os.path.islink(parent + "/" + name):
                    dirnames.remove(name)
                    files.append(prefix + name)
                else:
                    folders.append(prefix + name)
            files += [prefix + name for name in filenames]
        listings[code] = (folders, files)
    folders, files = listings[code]
    for name in folders:
        os.mkdir(target + "/" + name)
    for name in files:
        os.symlink(code + "/" + name, target + "/" + name)


def begin(job):
    if not job.get("prepared"):
        prepare(job)
    job.update(step=0, cpu_s=0.0, rss_kib=0, why=None, held=b"")
    if job["secrets"]:
        job["patterns"] = sorted((s.encode("utf-8", "surrogateescape") for s in job["secrets"]), key=len, reverse=True)
        job["pattern"] = re.compile(b"|".join(re.escape(s) for s in job["patterns"]))
    if job.get("returns"):
        give_back(job, job["broken"])
        return
    if "broken" in job:
        finish(job, None, "setup", job["broken"])
        return
    job["has_gpus"] = [gpus.pop(0) for _ in range(job["gpus"])]
    if job["log_before"] is not None:
        copy_log(job)
    if job["log_link"] is not None:
        link_log(job)
    if job["timeout_s"] is not None:
        job["deadline"] = time.monotonic() + job["timeout_s"]
    start(job)


def copy_log(job):
    """One log for all attempts: what came before stands first."""
    try:
        with open(job["log_before"], "rb") as f:
            os.write(job["log_fd"], f.read(1 << 24) + b"\n== another attempt ==\n")
    except OSError:
        pass  # it has a log of its own all the same


def link_log(job):
    """A second name, so that there is one file however it is read; where that cannot be, a pointer."""
    link = job["log_link"]
    try:
        os.makedirs(os.path.dirname(link), exist_ok=True)
        if os.path.lexists(link):
            os.unlink(link)
        try:
            os.link(job["log"], link)
        except OSError:
            os.symlink(job["log"], link)
    except OSError as error:
        write_log(job, ("trainyard: no %s: %s\n" % (link, reason(error))).encode("utf-8", "replace"))


def start(job):
    """Starts the next step of a job. The intent is in the journal before the process exists."""
    step = job["steps"][job["step"]]
    note("intent", key=job["key"], step=job["step"])
    tell()
    if len(job["steps"]) > 1:
        write_log(job, ("== %s ==\n" % step["name"]).encode())
    output = job["log_fd"]
    read_end = None
    try:
        os.chdir(step["cwd"])
        if job["secrets"]:
            read_end, output = os.pipe()
            os.set_blocking(read_end, False)
        env = {**base_env, **step["env"]} if step["env"] else base_env
        if job["has_gpus"]:
            env = {**env, "CUDA_VISIBLE_DEVICES": ",".join(job["has_gpus"])}
        pid = spawn(step["argv"], env, output)
    except (OSError, ValueError) as error:
        if read_end is not None:
            os.close(read_end)
        if job["step"] == 0 and getattr(error, "errno", None) in EXHAUSTED:
            give_back(job, "could not start %s: %s" % (step["argv"][0], reason(error)))
            return
        missing = isinstance(error, FileNotFoundError) and os.path.isdir(step["cwd"])
        text = "%s: command not found" % step["argv"][0] if missing else "could not start %s: %s" % (step["argv"][0], reason(error))
        finish(job, 127 if missing else 126, "setup", text)
        return
    finally:
        if output != job["log_fd"]:
            os.close(output)
    if read_end is not None:
        pipes[read_end] = job
        job["pipe"] = read_end
        poll.register(read_end, select.POLLIN)
    job["pid"] = pid
    running[pid] = job
    note("started", key=job["key"], step=job["step"], pid=pid, start=start_time(pid))


def reason(error):
    return getattr(error, "strerror", None) or str(error)


def spawn(argv, env, output):
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
    ]
    if "/" not in argv[0]:
        raise FileNotFoundError(argv[0])  # the caller looked for it on the job's PATH; never the working folder
    try:
        return os.posix_spawn(argv[0], argv, env, setsigdef=RESET_SIGNALS, file_actions=actions, **session)
    except NotImplementedError:
        # A C library without POSIX_SPAWN_SETSID: a group of its own is what matters for stopping.
        session.clear()
        session["setpgroup"] = 0
        return os.posix_spawn(argv[0], argv, env, setsigdef=RESET_SIGNALS, file_actions=actions, **session)


def write_log(job, data):
    try:
        os.write(job["log_fd"], data)
    except OSError:
        pass  # a full disk costs log lines, never the job's outcome


def read_pipe(job):
    """Takes what is there from a job with secrets; False once the other end is closed."""
    while True:
        try:
            chunk = os.read(job["pipe"], 1 << 16)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        redact(job, job["held"] + chunk, False)


def redact(job, data, last):
    """Writes all but the end of `data` that may be the beginning of a secret."""
    cut = len(data) if last else undecided(job, data)
    job["held"] = data[cut:]
    if cut:
        write_log(job, job["pattern"].sub(REDACTED, data[:cut]))


def undecided(job, data):
    """Where the end of `data` begins that more output could complete to a secret."""
    whole = [match.span() for match in job["pattern"].finditer(data)]
    for i in range(max(0, len(data) - len(job["patterns"][0]) + 1), len(data)):
        # Inside a complete secret nothing begins; at its start a longer one may.
        if any(begin < i < end for begin, end in whole):
            continue
        if any(len(s) > len(data) - i and s.startswith(data[i:]) for s in job["patterns"]):
            return i
    return len(data)


def close_pipe(job):
    fd = job.pop("pipe", None)
    if fd is None:
        return
    job["pipe"] = fd
    read_pipe(job)
    del job["pipe"], pipes[fd]
    poll.unregister(fd)
    os.close(fd)
    redact(job, job["held"], True)


def stop(job, why, now=False):
    """Asks a running job to end; `tick` insists after the grace period, or at once."""
    if job["why"] is None:
        job["why"] = why
        job.pop("deadline", None)
        job["kill_at"] = time.monotonic() + grace_s
        signal_group(job["pid"], signal.SIGTERM)
    if now and "kill_at" in job:
        job["kill_at"] = time.monotonic()


def signal_group(pid, number):
    """False when the group has no member left."""
    try:
        os.killpg(pid, number)
        return True
    except ProcessLookupError:
        return False
    except PermissionError:
        return number != 0  # macOS says so of zombies


def group_lives(pid):
    """Whether a group has a member that still runs. One that has ended and that nobody has waited for does not count."""
    if not signal_group(pid, 0):
        return False
    if not sys.platform.startswith("linux"):
        return True
    return any(int(fields[2]) == pid and fields[0] != b"Z" for fields in process_stats())


def process_stats():
    """What stands behind the name in /proc/<pid>/stat, of every process: state, parent, group, session, ..., and its id."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fd = os.open("/proc/%s/stat" % name, os.O_RDONLY)
        except OSError:
            continue
        try:
            yield os.read(fd, 4096).rsplit(b")", 1)[1].split() + [name]
        except (OSError, IndexError):
            continue
        finally:
            os.close(fd)


def reap():
    while running:
        try:
            pid, status, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        job = running.pop(pid, None)
        if job is None:
            continue
        job["code"] = os.waitstatus_to_exitcode(status)
        job["cpu_s"] += used.ru_utime + used.ru_stime
        job["rss_kib"] = max(job["rss_kib"], used.ru_maxrss if sys.platform != "darwin" else used.ru_maxrss // 1024)
        if job["why"] is not None and group_lives(pid):
            stopping[pid] = job  # its children have the rest of the grace period
        else:
            step_over(pid, job)


def become_subreaper():
    """Processes that leave their group and lose their parent come to us, instead of living on where nobody sees them."""
    global subreaper
    if subreaper or not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        subreaper = ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) == 0
    except (ImportError, OSError, AttributeError):
        pass


def strays():
    """Children of ours that no job of ours leads."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as f:
            children = [int(pid) for pid in f.read().split()]
    except (OSError, ValueError):
        return []
    return [pid for pid in children if pid not in running]


def end_strays(key):
    """Ends what a job left behind outside its group; `key` None: whatever anybody left behind."""
    if not subreaper:
        return
    mark = None if key is None else b"TRAINYARD_ATTEMPT=" + key.split("/", 1)[1].encode()
    for _ in range(50):  # children of those that end come to us in turn
        found = [pid for pid in strays() if mark is None or marked(pid, mark)]
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        # Not -1: a job of ours may have ended too, and is taken care of elsewhere.
        for pid in found:
            try:
                os.waitpid(pid, 0)
            except OSError:
                pass
        if not found:
            return


def marked(pid, mark):
    try:
        with open("/proc/%d/environ" % pid, "rb") as f:
            return mark in f.read().split(b"\0")
    except OSError:
        return False


def step_over(pid, job):
    # Nothing that a job left behind lives on.
    signal_group(pid, signal.SIGKILL)
    if job["tied"]:
        end_strays(job["key"] if running or stopping else None)
    close_pipe(job)
    job["step"] += 1
    if job["why"] is None and job["code"] == 0 and job["step"] < len(job["steps"]):
        start(job)
    else:
        finish(job, job["code"], job["why"], None)


def finish(job, code, why, message):
    if message is not None and "log_fd" in job:
        write_log(job, ("trainyard: %s\n" % message).encode("utf-8", "replace"))
    tail = message if message is not None else last_line(job) if code != 0 else None
    if "log_fd" in job:
        os.close(job["log_fd"])
    note("ended", key=job["key"], code=code, cpu_s=round(job["cpu_s"], 6), rss_kib=job["rss_kib"], why=why, tail=tail)
    leave(job)


def give_back(job, why):
    if "log_fd" in job:
        os.close(job["log_fd"])
    note("returned", key=job["key"], why=why)
    leave(job)


def leave(job):
    busy.discard(job["key"])
    gpus.extend(job.pop("has_gpus", []))
    gpus.sort()


def last_line(job):
    try:
        with open(job["log"], "rb") as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - 4096))
            # A progress bar draws over its own line: what was said last stands behind the last return.
            lines = re.split("[\\r\\n]+", f.read().decode("utf-8", "replace"))
    except OSError:
        return None
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), None)


def tick():
    """What is due: time limits, and the end of grace periods."""
    at = time.monotonic()
    for pid, job in list(running.items()):
        if at >= job.get("deadline", at + 1):
            stop(job, "timed_out")
        if at >= job.get("kill_at", at + 1):
            del job["kill_at"]
            signal_group(pid, signal.SIGKILL)
    for pid, job in list(stopping.items()):
        if at >= job.get("kill_at", at) or not group_lives(pid):
            del stopping[pid]
            step_over(pid, job)


def watch_memory():
    """Ends jobs whose processes together hold more than they may."""
    global memory_at
    limited = {pid: job for pid, job in running.items() if job["memory_mib"] is not None and job["why"] is None}
    if not limited or time.monotonic() < memory_at:
        return
    memory_at = time.monotonic() + MEMORY_EVERY_S
    held = resident_mib(limited)
    for pid, job in limited.items():
        job["rss_kib"] = max(job["rss_kib"], int(held[pid] * 1024))
        if held[pid] > job["memory_mib"]:
            text = "ended: %d MiB in use, the limit is %d MiB" % (held[pid], job["memory_mib"])
            write_log(job, ("trainyard: %s\n" % text).encode())
            # It must not take the time to allocate more.
            stop(job, "memory", now=True)


def resident_mib(leaders):
    """Memory of every session that one of these processes leads."""
    held = dict.fromkeys(leaders, 0.0)
    if not sys.platform.startswith("linux"):
        import subprocess

        try:
            listed = subprocess.run(["ps", "-A", "-o", "sess=,pgid=,rss="], capture_output=True, text=True).stdout
        except OSError:
            return held
        for line in listed.splitlines():
            fields = line.split()
            if len(fields) == 3 and fields[1].isdigit() and int(fields[1]) in held:
                held[int(fields[1])] += int(fields[2]) / 1024
        return held
    page = os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    parents, stats = {}, list(process_stats())
    for fields in stats:
        parents[int(fields[-1])] = int(fields[1])
    for fields in stats:
        at = int(fields[-1])
        while at not in held and at in parents and parents[at] != at:
            at = parents[at]
        leader = at if at in held else int(fields[3])
        if leader in held:
            held[leader] += int(fields[21]) * page
    return held


def until_due():
    """Milliseconds until `tick` or `knock` has something to do; None: nothing."""
    if stopping:
        return 20
    due = [job[name] for job in running.values() for name in ("deadline", "kill_at") if name in job]
    if unheard:
        due.append(knocked_at + KNOCK_EVERY_S)
    if any(job["memory_mib"] is not None and job["why"] is None for job in running.values()):
        due.append(memory_at)
    return max(1, int((min(due) - time.monotonic()) * 1000) + 1) if due else None


def obey(order):
    global slots, queue
    if "cancel" in order:
        names = set(order["cancel"])
        for job in [j for j in queue if j["key"] in names]:
            drop(job)
        queue = deque(j for j in queue if j["key"] not in names)
        for job in running.values():
            if job["key"] in names:
                stop(job, "canceled", order["now"])
        for job in stopping.values():
            if job["key"] in names and order["now"]:
                job["kill_at"] = time.monotonic()
    elif "slots" in order:
        slots = order["slots"]
    elif "key" not in order:
        gpus[:] = order["gpus"]
    elif order["key"] not in busy:
        busy.add(order["key"])
        if order["tied"]:
            become_subreaper()
        queue.append(order)


def drop(job):
    if "log_fd" in job:
        os.close(job["log_fd"])
    note("dropped", key=job["key"])
    busy.discard(job["key"])


def main():
    buffer = b""
    open_ = True
    note("open", pid=os.getpid(), start=start_time(os.getpid()), boot=boot_id())
    while True:
        tick()
        watch_memory()
        if not (open_ or running or stopping):
            break  # looked at only here: the last job may have been settled by `tick`, and then nothing would wake us
        while open_ and queue and len(running) + len(stopping) < slots and queue[0]["gpus"] <= len(gpus):
            begin(queue.popleft())
        tell()
        knock()
        least, most = PREPARED
        if queue and not queue[min(least, len(queue)) - 1].get("prepared"):
            enough = time.monotonic() + PREPARE_S
            for i in range(min(most, len(queue))):
                if not queue[i].get("prepared"):
                    prepare(queue[i])
                    # Folders with much code take long, and whoever ends or asks meanwhile must not wait for all of them.
                    if time.monotonic() > enough or poll.poll(0):
                        break
        for fd, _ in poll.poll(until_due()):
            if fd == wake_r:
                drain(wake_r)
            elif fd == 0:
                try:
                    chunk = os.read(0, 1 << 20)
                except BlockingIOError:
                    continue
                except OSError:
                    chunk = b""
                if not chunk:
                    open_ = False
                    poll.unregister(0)
                    queue.clear()
                    for job in list(running.values()):
                        if job["tied"]:
                            stop(job, "canceled")
                    note("closed")
                    continue
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    obey(json.loads(line))
            elif fd in pipes and not read_pipe(pipes[fd]):
                close_pipe(pipes[fd])
        reap()
    end_strays(None)
    tell()
    knock()


def drain(fd):
    try:
        os.read(fd, 4096)
    except BlockingIOError:
        pass


busy = set()
journal = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
wake_r, wake_w = os.pipe()
for end in (0, 1, wake_r, wake_w):
    os.set_blocking(end, False)
signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
signal.signal(signal.SIGCHLD, lambda *_: None)
for ignored in (signal.SIGINT, signal.SIGHUP):
    signal.signal(ignored, signal.SIG_IGN)
poll = select.poll()
poll.register(0, select.POLLIN)
poll.register(wake_r, select.POLLIN)
main()
