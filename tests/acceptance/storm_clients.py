"""Clients that know what they may find: each works in a directory of its own and on shared files.

In its own directory a client is alone, so what is there after each command is known. A command whose
outcome is not known (it said so, or was killed) may have happened once or not; the client waits until
nothing of it can be under way any more and then reads which, once and for all. Shared files are only
ever written over and read, by all: a read must find a whole version, and none that had been written
over before the read began (Register).

What a client does not know: how much a NameNode holds of a put that was given up. Where no file was,
such a path may be shown as being written until the lease ends.
"""
import os
import random
import subprocess
import threading
import time

MIB = 1 << 20
NO_FILE = "No such file or directory"
EXISTS = "File exists"
BUSY = "Is being written"
KILLED = "killed"
WRITTEN = b""  # stands for no content yet: no version is empty
HANGS = 240  # seconds after which a command of theirs counts as hanging
DIES = 0.2  # of the commands are killed


def content(version):
    """The bytes of a version, from nothing but its name. Never empty."""
    draw = random.Random(version)
    size = draw.choice((0, 700, 70_000, MIB - 30, MIB, 2 * MIB + 12_345))
    return (version + "\n").encode() + draw.randbytes(size)


def version_of(data):
    return data.split(b"\n", 1)[0].decode(errors="replace")


class Register:
    """What may be read of a file that several clients write over.

    A version is there for certain from when its put was acknowledged or it was first read. The check
    is a necessary one of linearizability, exact enough to see a lost write and a step back."""

    def __init__(self):
        self.lock = threading.Lock()
        self.versions = {}  # version: [put begun, there for certain]

    def begin(self, version):
        with self.lock:
            self.versions[version] = [time.monotonic(), float("inf")]

    def acknowledged(self, version):
        self.there(version, time.monotonic())

    def there(self, version, when):
        with self.lock:
            self.versions[version][1] = min(self.versions[version][1], when)

    def found(self, data, begun):
        """A read that began then has found this (None: no file)."""
        now = time.monotonic()
        version = None if data is None else version_of(data)
        with self.lock:
            known = version is None or version in self.versions
        assert known, f"a shared file has {data[:80]!r}, which nobody wrote"
        assert version is None or data == content(version), f"{version} is not whole"
        with self.lock:
            sure = float("-inf") if version is None else self.versions[version][1]
            over = [w for w, (start, there) in self.versions.items() if sure < start and there < begun]
        assert not over, f"{version or 'nothing'} was read although {over} had replaced it"
        if version:
            self.there(version, now)


class Client(threading.Thread):
    def __init__(self, name, seed, command, quiet, folder, registers, journal):
        """command(arguments) is the command line; quiet() says that nothing that this client's
        processes sent can reach the NameNode any more; journal(text) notes a line."""
        super().__init__(name=name)
        self.random = random.Random(f"{seed} {name}")
        self.command = command
        self.quiet = quiet
        self.local = os.path.join(folder, name)
        os.mkdir(self.local)
        self.registers = registers  # path: Register
        self.note = lambda text: journal(f"{name}: {text}")
        self.paths = [f"/{name}/f{i}" for i in range(6)]
        self.files = {}  # path: version
        self.left_open = set()  # paths that a put was begun at and may still be
        self.made = 0
        self.acknowledged = 0
        self.unknown = 0
        self.ending = False
        self.failure = None

    def run(self):
        try:
            while not self.ending:
                self.step()
            self.check_all()
        except Exception as failure:  # whatever it is, the test is to tell
            self.failure = failure
            self.note(f"FAILED: {failure}")

    def step(self):
        kinds = (self.put, self.get, self.move, self.remove, self.put_shared, self.get_shared)
        self.random.choices(kinds, (30, 15, 20, 15, 8, 8))[0]()

    # Commands. "" means that it was done; else the reason why not.

    def do(self, *arguments, mortal=True):
        dies = self.random.random() < DIES and mortal and not self.ending
        after = 10 ** self.random.uniform(-2.2, 0.2)
        process = subprocess.Popen(self.command(*arguments), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, errors="replace")
        try:
            errors = process.communicate(timeout=after if dies else HANGS)[1]
            outcome = "" if process.returncode == 0 else errors.strip() or "no reason given"
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            assert dies, f"{arguments} hangs"
            outcome = KILLED
        self.note(f"{' '.join(arguments)}: {outcome or 'done'}")
        if not outcome:
            self.acknowledged += 1
        return outcome

    def upload(self, version, path, *flags):
        source = os.path.join(self.local, "source")
        with open(source, "wb") as f:
            f.write(content(version))
        return self.do("put", *flags, source, path)

    def download(self, path):
        """(outcome, data); data is None where no file is, WRITTEN while its first version is made."""
        target = os.path.join(self.local, "target")
        outcome = self.do("get", "-f", path, target, mortal=False)
        if NO_FILE in outcome:
            return "", None
        if BUSY in outcome:
            return "", WRITTEN
        if outcome:
            return outcome, None
        with open(target, "rb") as f:
            return "", f.read()

    def new_version(self):
        self.made += 1
        return f"{self.name} {self.made}"

    # In its own directory.

    def get(self):
        path = self.random.choice(self.paths)
        outcome, data = self.download(path)
        if not outcome:
            self.check(path, data, self.files)

    def put(self):
        path = self.random.choice(self.paths)
        force = self.random.random() < 0.8
        version = self.new_version()
        self.left_open.add(path)
        self.changes({path: version}, self.upload(version, path, *["-f"] * force),
                     done=force or path not in self.files, exists=path)
        if self.files.get(path) == version:
            self.left_open.discard(path)

    def move(self):
        source, target = self.random.sample(self.paths, 2)
        self.changes({source: None, target: self.files.get(source)}, self.do("mv", source, target),
                     done=source in self.files and target not in self.files,
                     missing=source, exists=target)

    def remove(self):
        path = self.random.choice(self.paths)
        self.changes({path: None}, self.do("rm", path),
                     done=path in self.files or path in self.left_open, missing=path)

    def changes(self, change, outcome, done, missing=None, exists=None):
        """A command that makes `change` has ended so. `done` says whether it can be done; `missing`
        and `exists` are the paths that may be the reason if it is refused."""
        after = {p: v for p, v in {**self.files, **change}.items() if v is not None}
        if not outcome:
            assert done, f"done, which cannot be, with {self.files}"
            self.files = after
        elif NO_FILE in outcome:
            assert missing and missing not in self.files, f"{outcome}, but it is there"
        elif EXISTS in outcome:
            assert exists in self.files or exists in self.left_open, f"{outcome}, but it does not"
        elif BUSY in outcome:
            assert self.left_open, f"{outcome}, but it is not"
        else:
            self.unknown += 1
            self.resolve(change, after if done else self.files)

    def resolve(self, change, after):
        """Finds out whether a command of unknown outcome has happened."""
        end = time.monotonic() + HANGS
        while not self.quiet():
            assert time.monotonic() < end, "what was sent never comes to rest"
            time.sleep(0.05)
        found = {path: self.read_at_last(path, end) for path in change}
        fits = [files for files in (self.files, after)
                if all(self.fits(path, data, files) for path, data in found.items())]
        shown = {p: d if d is None else version_of(d) for p, d in found.items()}
        assert fits, f"neither before nor after: found {shown}, had {self.files}"
        self.files = fits[0]
        self.note(f"it had {'not ' * (fits[0] is not after)}happened")

    def read_at_last(self, path, end):
        while True:
            outcome, data = self.download(path)
            if not outcome:
                return data
            assert time.monotonic() < end, f"{path} can never be read: {outcome}"

    def fits(self, path, data, files):
        if path in files:
            return data == content(files[path])
        return data is None or (data == WRITTEN and path in self.left_open)

    def check(self, path, data, files):
        assert self.fits(path, data, files), (
            f"{path} is {None if data is None else version_of(data)!r} of "
            f"{None if data is None else len(data)} bytes and should be {files.get(path)}")

    def check_all(self):
        """Every file as it should be, byte by byte."""
        end = time.monotonic() + HANGS
        for path in self.paths:
            self.check(path, self.read_at_last(path, end), self.files)

    # Shared files.

    def put_shared(self):
        path = self.random.choice(sorted(self.registers))
        version = self.new_version()
        self.registers[path].begin(version)
        if not self.upload(version, path, "-f"):
            self.registers[path].acknowledged(version)

    def get_shared(self):
        path = self.random.choice(sorted(self.registers))
        begun = time.monotonic()
        outcome, data = self.download(path)
        if not outcome:
            self.registers[path].found(data or None, begun)
