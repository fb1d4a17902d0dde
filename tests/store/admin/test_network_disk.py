"""Whether a file lies on a network file system, by the kernel's table of mounts."""

from pathlib import Path

import pytest

from monitor.store.admin.network_disk import network_disk, network_disk_in

MOUNTS = r"""
22 28 0:20 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
97 28 0:44 / /data rw,relatime shared:50 - nfs4 10.0.0.5:/export rw,vers=4.2,rsize=262144,hard,proto=tcp
98 97 254:3 / /data/local rw,relatime - xfs /dev/vdb rw
99 28 0:45 / /mnt/windows\040share rw,relatime - cifs //nas/share rw,vers=3.1.1,username=monitor
100 28 0:46 / /home/me/remote rw,nosuid,nodev - fuse.sshfs me@host:/srv rw,user_id=1000,group_id=1000
101 28 8:17 / /media/stick rw,nosuid - fuseblk /dev/sdb1 rw,user_id=0,group_id=0
102 28 0:47 / /wsl rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs
103 28 0:48 / /twice rw - nfs host:/x rw
104 103 254:4 / /twice rw master:3 propagate_from:2 - btrfs /dev/vdc rw
105 28 0:50 / /volumes/monitor rw,relatime master:9 - overlay overlay rw,lowerdir=/a,upperdir=/b
malformed
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/monitor/monitor.db", None),
        ("/data/monitor.db", "nfs4"),
        ("/data/local/monitor.db", None),
        ("/database/monitor.db", None),
        ("/mnt/windows share/monitor.db", "cifs"),
        ("/home/me/remote/data/monitor.db", "fuse.sshfs"),
        ("/media/stick/monitor.db", None),
        ("/wsl/monitor.db", "9p"),
        ("/twice/monitor.db", None),
        ("/volumes/monitor/monitor.db", None),
    ],
)
def test_the_nearest_mount_decides(path: str, kind: str | None) -> None:
    assert network_disk_in(Path(path), MOUNTS) == kind


@pytest.mark.parametrize("mounts", ["", "- nfs4", "1 2 3 / / rw -"])
def test_a_table_that_says_nothing_is_no_reason_to_warn(mounts: str) -> None:
    assert network_disk_in(Path("/data/monitor.db"), mounts) is None


def test_this_machines_own_disk_is_local(tmp_path: Path) -> None:
    assert network_disk(tmp_path / "no/such/file") is None
