"""What the units ask of programs that do not answer it yet. DELETE THIS FILE and its three uses in
bed.py and test_files.py as soon as the programs note the outside view and take their control socket
from systemd, and the man pages are installed."""

LINTIAN = ("--suppress-tags", "no-manual-page")

AGENT = """[Service]
ExecStartPre=
Environment=
Environment=METERBILL_AGENT_CONTROL=/var/lib/meterbill-agent/control.sock
"""
WORKER = """[Service]
Environment=METERBILL_WORKER_CONTROL=/var/lib/meterbill-worker/control.sock
"""


def write_drop_ins(box):
    for service, text in (("agent", AGENT), ("worker", WORKER)):
        box.write(f"/etc/systemd/system/meterbill-{service}.service.d/until-merge.conf", text)
