"""Clusters whose processes have small file systems of their own.

In mounts that only this process and its children see: skipped where the system does not allow that.
"""
import ctypes
import errno
import os
import subprocess
import unittest

from harness import OfACluster, same

MIB = 1 << 20
NEW_MOUNTS = 0x20000


def private_mounts():
    """From here on mounts are this process's own, and gone with it. Skips where not permitted."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS) != 0:
        raise unittest.SkipTest("needs the right to mount (root)")
    if subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True).returncode != 0:
        raise unittest.SkipTest("cannot make mounts private")


def mount_memory(folder, size):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise unittest.SkipTest("cannot mount: " + done.stderr)


def fill(folder, leave):
    """Takes the room of a file system but for `leave` bytes; the file that does."""
    path = os.path.join(folder, "junk")
    with open(path, "wb") as f:
        while True:
            info = os.statvfs(folder)
            try:
                os.posix_fallocate(f.fileno(), 0, info.f_bavail * info.f_frsize - leave)
                return path
            except OSError as error:  # who runs there has just taken some of it
                if error.errno != errno.ENOSPC:
                    raise
                f.truncate(0)


class WithSmallDisks(OfACluster):
    flags = ("--dead-after", "10s", "--block-size", "4M")
    sizes = {}

    @classmethod
    def setUpClass(cls):
        private_mounts()

    def prepare(self, folder):
        if size := self.sizes.get(os.path.basename(folder)):
            mount_memory(folder, size)

    def tearDown(self):
        self.cluster.close()
        for name in self.sizes:
            subprocess.run(["umount", "-l", os.path.join(self.cluster.dir, name)],
                           capture_output=True)
        subprocess.run(["rm", "-rf", self.cluster.folder])

    def folder(self, name):
        return os.path.join(self.cluster.dir, name)

    def reads_back(self, local, remote):
        self.cluster.run("get", "-f", remote, self.path("back"))
        self.assertTrue(same(self.path(local), self.path("back")), remote)
