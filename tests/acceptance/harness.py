"""A real cluster for the acceptance tests: `dfs cluster` with its processes, killed and restarted.

Everything lives in a temporary folder and on free ports of the loopback interface; close() ends every
process that was started, by pid.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

DFS = os.environ.get("DFS_PROGRAM", "build/bin/dfs")


def free_ports(count):
    """The first of `count` consecutive free ports, below those that the system gives to connections:
    one of these could have the port of a server that is to start again."""
    for base in range(10000 + os.getpid() * 37 % 20000, 32700, count + 1):
        sockets = []
        try:
            for port in range(base, base + count):
                s = socket.socket()
                sockets.append(s)
                s.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for s in sockets:
                s.close()
    raise RuntimeError("no free ports")


def wait_until(what, condition, seconds):
    """Polls `condition` until it holds; the last value is returned. Fails loudly after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class Cluster:
    def __init__(self, datanodes, *flags, prepare=None):
        """prepare(folder of a process) is called for each before they are started."""
        self.folder = tempfile.mkdtemp(prefix="dfs-acceptance-")
        self.dir = os.path.join(self.folder, "cluster")
        self.datanodes = datanodes
        self.port = free_ports(datanodes + 1)
        self.meta = f"http://127.0.0.1:{self.port}"
        self.flags = flags
        self.parent = None
        self.by_hand = []
        self.commands = {}
        try:
            for name in self.names() if prepare else []:
                os.makedirs(os.path.join(self.dir, name))
                prepare(os.path.join(self.dir, name))
        except unittest.SkipTest:
            shutil.rmtree(self.folder)
            raise
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    # Processes.

    def start(self):
        log = open(os.path.join(self.folder, "cluster.log"), "ab")
        self.parent = subprocess.Popen(
            [DFS, "cluster", "--dir", self.dir, "--datanodes", str(self.datanodes), "--port",
             str(self.port), *self.flags], stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        for line in self.parent.stdout:
            if line.strip() == "ready":
                break
        else:
            raise AssertionError("the cluster ended before it was ready: " + self.log())
        for name in self.names():
            with open(f"/proc/{self.pid(name)}/cmdline", "rb") as f:
                self.commands[name] = [a.decode() for a in f.read().split(b"\0")[:-1]]

    def names(self):
        return ["namenode"] + [f"datanode-{i + 1}" for i in range(self.datanodes)]

    def log(self):
        with open(os.path.join(self.folder, "cluster.log"), errors="replace") as f:
            return f.read()[-4000:]

    def pid(self, name):
        with open(os.path.join(self.dir, name, "pid")) as f:
            return int(f.read())

    def alive(self, name):
        for p in self.by_hand:
            p.poll()
        try:
            proc = f"/proc/{self.pid(name)}"
            with open(f"{proc}/stat") as f:
                zombie = f.read().rsplit(")", 1)[1].split()[0] == "Z"
            # Its first thread may have ended before one that is in an fsync and holds its files.
            return not zombie or len(os.listdir(f"{proc}/task")) > 1
        except (FileNotFoundError, ValueError):
            return False

    def kill(self, name):
        """kill -9, and waits until it is gone."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        wait_until(f"{name} is gone", lambda: not self.alive(name), 10)

    def restart(self, name):
        """Starts it again by hand, with the command that `dfs cluster` had used."""
        log = open(os.path.join(self.folder, f"{name}.log"), "ab")
        process = subprocess.Popen(self.commands[name], stdout=log, stderr=log)
        log.close()
        self.by_hand.append(process)
        with open(os.path.join(self.dir, name, "pid"), "w") as f:
            f.write(f"{process.pid}\n")

    def kill_everything(self):
        """All processes at once, the parent first so that it reports nothing."""
        pids = [self.pid(name) for name in self.names() if self.alive(name)]
        self.parent.kill()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.parent.wait()
        self.parent.stdout.close()
        wait_until("all are gone", lambda: not any(self.alive(n) for n in self.names()), 10)

    def close(self):
        if self.parent:
            self.close_parent()
        for p in self.by_hand:
            if p.poll() is None:
                p.kill()
            p.wait()
        for name in self.names():
            if os.path.exists(os.path.join(self.dir, name, "pid")) and self.alive(name):
                os.kill(self.pid(name), signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def close_parent(self):
        if self.parent.poll() is None:
            self.parent.terminate()
            try:
                self.parent.wait(20)
            except subprocess.TimeoutExpired:
                self.parent.kill()
                self.parent.wait()
        self.parent.stdout.close()

    # Commands.

    def command(self, *arguments):
        return [DFS, *arguments, "--meta", self.meta]

    def run(self, *arguments, check=True, **options):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True,
                              errors="replace", **options)
        if check and done.returncode != 0:
            raise AssertionError(f"dfs {' '.join(arguments)}: exit {done.returncode}: {done.stderr}"
                                 f"{done.stdout[-500:]}\n{self.log()}")
        return done

    def spawn(self, *arguments):
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def fsck(self):
        return json.loads(self.run("admin", "fsck", "/", "--json", check=False).stdout)

    def healthy(self):
        counts = self.fsck()
        return all(counts[k] == 0 for k in ("under_replicated", "corrupt", "missing"))

    def report(self):
        return json.loads(self.run("admin", "report", "--json").stdout)

    def reported(self):
        """Every DataNode is live and has reported in full."""
        nodes = self.report()["nodes"]
        return all(n["state"] == "live" and n["reported"] for n in nodes)

    def replica_files(self, name):
        """(path, size) of the block files of a DataNode, published ones only."""
        found = []
        for folder, _, files in os.walk(os.path.join(self.dir, name, "current")):
            found += [os.path.join(folder, f) for f in files if not f.endswith(".meta")]
        return sorted((f, os.path.getsize(f)) for f in found)


class OfACluster(unittest.TestCase):
    """A cluster of its own for each test."""
    datanodes = 3
    flags = ("--dead-after", "10s")
    prepare = None

    def setUp(self):
        self.cluster = self.make()
        self.addCleanup(self.cluster.close)

    def make(self):
        return Cluster(self.datanodes, *self.flags, prepare=self.prepare)

    def path(self, name):
        return os.path.join(self.cluster.folder, name)

    def wait_healthy(self, seconds=60):
        wait_until("every block has its copies", self.cluster.healthy, seconds)

    def fails(self, message, *arguments, code=1, **options):
        """The command fails with that exit code and one line that has `message` in it."""
        done = self.cluster.run(*arguments, check=False, **options)
        self.assertEqual(done.returncode, code, (arguments, done.stderr, done.stdout))
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("dfs: "), lines[0])
        self.assertIn(message, lines[0])

    def all_live(self):
        for name in self.cluster.names():
            self.assertTrue(self.cluster.alive(name), name + ": " + self.cluster.log())


def ends(command, seconds=30):
    """Runs a server that is expected to end by itself: (exit code, what it wrote)."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output = process.communicate(timeout=seconds)[0]
        return process.returncode, output
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"still runs: {command}: {process.communicate()[0]}") from None


def has_line(path, words):
    with open(path, encoding="utf-8") as f:
        return words in f.read()


def finish(process, what, seconds=180):
    _, err = process.communicate(timeout=seconds)
    if process.returncode != 0:
        raise AssertionError(f"{what}: exit {process.returncode}: {err}")


def same(a, b):
    return subprocess.run(["cmp", "-s", a, b]).returncode == 0


def same_tree(a, b):
    return subprocess.run(["diff", "-rq", a, b], stdout=sys.stderr).returncode == 0


def random_file(path, size):
    with open("/dev/urandom", "rb") as source, open(path, "wb") as target:
        block = source.read(1 << 20)
        for i in range(0, size, 1 << 20):
            part = block[:min(len(block), size - i)]
            target.write(i.to_bytes(8, "little") + part[8:] if len(part) > 8 else part)
