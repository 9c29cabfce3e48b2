"""What the records of a sealed volume say, as docs/formats/volume.md describes them."""


class Cursor:
    """Reads a payload: a number of so many bytes, hex of so many (negative), rows, or a word below."""
    def __init__(self, data):
        self.data, self.at = data, 0

    def skip(self, size):
        self.at += size
        if self.at > len(self.data):
            raise ValueError(f"it ends {self.at - len(self.data)} bytes early")
        return self.data[self.at - size:self.at]

    def take(self, what):
        if isinstance(what, int):
            return int.from_bytes(self.skip(what), "big") if what > 0 else self.skip(-what).hex()
        if isinstance(what, str):
            return {"rest": lambda: self.skip(len(self.data) - self.at).decode(),
                    "string": lambda: self.skip(self.take(1)).decode(errors="surrogateescape"),
                    "long string": lambda: self.skip(self.take(2)).decode(errors="surrogateescape"),
                    "bytes": lambda: self.skip(self.take(4)).hex(),
                    "blocks": lambda: [self.take(4) for _ in range(self.take(4))]}[what]()
        rows = []
        while self.at < len(self.data):
            rows.append([self.take(each) for each in what])
        return rows


RANGES, CHANGE = {"queue": 4, "next": 6, "ranges": (6, 6)}, {"change": "rest"}
TYPES = {2: ("settle", {"queue": 4, "from": 6, "to": 6}), 3: ("definition", CHANGE), 4: ("window", RANGES),
         5: ("returned", RANGES), 6: ("stopped", {}),
         7: ("counts", {"queue": 4, "ranges": (6, 6, 2)}), 8: ("changed", RANGES),
         9: ("ready", {"queue": 4, "entries": (6, 6)}), 0x10: ("change", CHANGE),
         0x11: ("timeline", {"timeline": "string", "at": 6, "bytes": "bytes"}),
         0x13: ("kept", {"timeline": "string", "from": 6}),
         0x42: ("table", {"entries": (8, 4, -16, 8, 8, 8, 4, 4)}), 0x43: ("blocks", {"of": 8, "entries": (8, 4)}),
         0x44: ("checkpoint", {"base": 8, "bytes": 8, "entries": (8, 4, -16, 8, 8, 8, 4, 4)}),
         0x45: ("parts", {"base": 8, "slices": "blocks", "changes": "blocks"}), 0x46: ("part", {"kind": 1})}


def message(cursor):
    take, flags = cursor.take, cursor.take(1)
    name = "long string" if flags & 8 else "string"
    fields = {"format": take(1), "persistent": flags & 2 != 0,
              "queues": [[take(4), take(6)] for _ in range(take(4 if flags & 4 else 2))], "received": take(6),
              "expires": take(6) if flags & 1 else None, "priority": take(1), "exchange": take(name),
              "key": take(name)}
    head, body = take(4), take(4)
    return {"type": "message", **fields, "head": cursor.skip(head).hex(), "body": cursor.skip(body).hex()}


def message_index(cursor):
    take, sequence, block, entries, count = cursor.take, -2, -1, [], 1
    fields = {"type": "index", "of": take(6), "queue": take(4), "entries": entries}
    while cursor.at < len(cursor.data):
        flags = take(1)
        sequence, block = take(6) if flags & 1 else sequence + count, take(6) if flags & 2 else block
        if flags & 16:
            count = take(4)
            entries.append([sequence, block, {"count": count, "bytes": take(4), "received": take(6)}])
            continue
        place, count = [sequence, block, take(4), take(4)], 1
        entries.append([*place, take(1) if flags & 4 else 0, take(6) if flags & 8 else None])
    return fields


def timeline_index(cursor):
    fields = {"type": "index", "timeline": cursor.take("string"), "of": cursor.take(6)}
    # In a compacted segment: the segment to which the records were appended.
    origin = {"origin": cursor.take(6)} if fields["of"] >> 47 else {}
    return {**fields, **origin, "entries": cursor.take((6, 4, 6))}


def describe(kind, payload, is_system):
    """What a record says, as a dictionary; names and order are those of the vectors. ValueError: it is broken."""
    cursor = Cursor(payload)
    if kind == 1:
        line = message(cursor)
    elif kind == 0x41:
        line = timeline_index(cursor) if is_system else message_index(cursor)
    else:
        name, fields = TYPES.get(kind, (str(kind), {}))
        line = {"type": name, **{field: cursor.take(what) for field, what in fields.items()}}
    if line["type"] != str(kind) and cursor.at != len(payload):
        raise ValueError(f"{len(payload) - cursor.at} bytes are left over")
    return line
