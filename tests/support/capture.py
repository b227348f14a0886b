"""What a topic holds, read by kcat: a consumer that is not ours, as the evidence for the recount.

A captured record is a dict that can be written as one line of JSON (bytes as base64):
  {"via": "kafka", "topic", "partition", "offset", "timestamp_ms", "key", "headers": [[name,
  value]], "value"} `key`, a header's value and `value` are null where Kafka has null.
"""

import base64
import json
import subprocess


def _base64(text):
    """kcat writes each byte above 0x7f as it is and escapes control characters, so that its line,
    read as Latin-1, holds one character per byte: any bytes come back exactly, UTF-8 or not."""
    return None if text is None else base64.b64encode(text.encode("latin-1")).decode()


def _headers(pairs):
    """kcat writes headers as an array of name, value, name, value: repeated names and their order
    survive."""
    return [[pairs[i], _base64(pairs[i + 1])] for i in range(0, len(pairs), 2)]


def parse_line(line):
    record = json.loads(line.decode("latin-1"))
    return {
        "via": "kafka",
        "topic": record["topic"],
        "partition": record["partition"],
        "offset": record["offset"],
        "timestamp_ms": record["ts"],
        "key": _base64(record["key"]),
        "headers": _headers(record.get("headers", [])),
        "value": _base64(record["payload"]),
    }


def capture_topic(bootstrap, topic, timeout_s=60):
    """Every record the topic holds now, by partition and offset. Raises when kcat fails or says
    anything is wrong."""
    done = subprocess.run(
        [
            "kcat",
            "-C",
            "-b",
            bootstrap,
            "-t",
            topic,
            "-o",
            "beginning",
            "-e",
            "-q",
            "-J",
            "-Z",
            "-X",
            "check.crcs=true",
            "-X",
            "isolation.level=read_committed",
        ],
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode or done.stderr:
        raise RuntimeError(f"kcat: {done.stderr.decode('utf-8', 'replace')}")
    # Only \n ends a line: the other line ends of Unicode are escaped or are bytes of a value.
    records = [parse_line(line) for line in done.stdout.split(b"\n") if line]
    return sorted(records, key=lambda r: (r["partition"], r["offset"]))


def again(record):
    """A captured record as it is produced once more."""

    def decoded(text):
        return None if text is None else base64.b64decode(text)

    return {
        "value": decoded(record["value"]),
        "key": decoded(record["key"]),
        "headers": [(name, decoded(text)) for name, text in record["headers"]],
        "timestamp_ms": record["timestamp_ms"],
    }


def write_records(path, records):
    with open(path, "w", encoding="ascii") as out:
        for record in records:
            out.write(json.dumps(record) + "\n")


def read_records(path):
    with open(path, encoding="ascii") as lines:
        return [json.loads(line) for line in lines]
