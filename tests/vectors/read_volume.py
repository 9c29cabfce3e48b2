"""Reads a sealed volume as docs/formats/volume.md describes it: python3 read_volume.py FOLDER KEYS

KEYS is the newest data key in hex; `,GENERATION:HEX` follows for each older one that the header lists.

Prints every record of the segments that recovery wants, a line of JSON each. A volume that is not as it
was written is refused: exit code 1, and `code: file what` on stderr. Bare Python 3 is enough where the
system has libcrypto; the package `cryptography` is used where it is there.
"""
import hmac, json, os, re, struct, sys
from volume_crypto import decrypt, hkdf
from volume_records import describe

PAGE, HEADER = 4096, 40
GROUP_END, SEGMENT_END, GROUP_BEGIN = 1, 2, 4
COMPACTED = 1 << 47


class Refused(Exception):
    pass


def uint(data, at, size):
    return int.from_bytes(data[at:at + size], "big")


def page_after(offset):
    return -(-offset // PAGE) * PAGE


class Volume:
    """The header file, proved under the newest data key."""
    def __init__(self, folder, newest, older):
        self.folder, self.names = folder, os.listdir(folder)
        if "volume" not in self.names or (data := self.read("volume"))[:8] != b"WAXWVOL\n":
            raise Refused("not-a-volume", "volume", "is missing or does not begin as it must")
        self.format = uint(data, 8, 2)
        if self.format > 3:
            raise Refused("format-too-new", "volume", f"is of format {self.format}")
        try:
            self.kind, self.state, _, self.epoch, self.segment, self.blocks, self.end_tag, size = \
                struct.unpack_from(">BBIQQI16sB", data, 10)
            (wrapped,) = struct.unpack_from(">I", data, 53 + size)
            self.id, at, generations = data[53:53 + size], 57 + size + wrapped, [0]
            if self.format > 2:
                generations[0], count = struct.unpack_from(">IH", data, at)
                at += 6
                for _ in range(count):
                    generation, wrapped = struct.unpack_from(">II", data, at)
                    generations.insert(-1, generation)
                    at += 8 + wrapped
        except struct.error:
            raise Refused("not-a-volume", "volume", "is cut off")
        is_ascending = generations == sorted(set(generations))
        if self.kind > 1 or self.state > 2 or len(data) != at + 32 or not is_ascending:
            raise Refused("not-a-volume", "volume", "is not as it must be")
        code = hmac.digest(hkdf(newest, b"", b"waxwing volume header"), data[:-32], "sha256")
        if not hmac.compare_digest(code, data[-32:]):
            raise Refused("wrong-key", "volume", "is not under this key, or changed")
        self.keys = {generations.pop(): newest}
        for generation in generations:
            if generation not in older:
                raise Refused("wrong-key", "volume", f"lists data key {generation}, which was not given")
            self.keys[generation] = older[generation]

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()


    def blocks_marked(self):
        """Up to which block of the header's segment everything was synced, as the mark says."""
        if "mark" not in self.names and (self.state == 0 or self.format == 1):
            return 0
        data = self.read("mark") if "mark" in self.names else b""
        key = self.keys.get(uint(data, 12, 4))
        code = hmac.digest(hkdf(key, b"", b"waxwing volume mark"), data[:36], "sha256") if key else b""
        if len(data) != 512 or not code or data != data[:36] + code + bytes(444):
            raise Refused("volume-damaged", "mark", "is missing or not as it was written")
        epoch, segment, blocks = struct.unpack_from(">QQI", data, 16)
        if epoch < self.epoch:
            raise Refused("volume-rolled-back", "mark", f"is of mount {epoch}")
        if segment > self.segment:
            raise Refused("volume-rolled-back", "mark", f"says that segment {segment} was confirmed")
        return blocks if segment == self.segment else 0


class Segment:
    """One segment file; `is_proved` tells whether its header page is as it was written."""
    def __init__(self, volume, number):
        self.number, self.is_compacted = number, number >= COMPACTED
        self.name = f"compact-{number - COMPACTED}" if self.is_compacted else f"seg-{number}"
        if self.name not in volume.names:
            raise self.damaged("is missing")
        self.data = volume.read(self.name)
        self.end, self.end_tag, self.index, self.is_proved = 0, b"", b"", False
        page = self.data[:PAGE]
        self.format = uint(page, 8, 2)
        is_kind = page[10:12] == bytes([self.is_compacted, 0])
        is_known = page[:8] == b"WAXWSEG\n" and self.format in (1, 2) and is_kind
        key = volume.keys.get(uint(page, 12, 4)) if self.format > 1 or not any(page[12:16]) else None
        if len(page) == PAGE and is_known and key and uint(page, 16, 8) == number:
            self.epoch, self.predecessor_blocks = uint(page, 24, 8), uint(page, 40, 4)
            kind, what = (b"broker", b"system")[volume.kind], b"compacted " * self.is_compacted
            info = b"waxwing %ssegment %s %s %d" % (what, kind, volume.id, number % COMPACTED)
            self.key = hkdf(key, page[60:92], info)
            proof = decrypt(self.key, bytes(12), page[:92], b"", page[92:108])
            self.is_proved = proof is not None and not any(page[108:])

    def damaged(self, what):
        return Refused("volume-damaged", self.name, what)

    def proved(self):
        if not self.is_proved:
            raise self.damaged("does not begin as it was written")
        return self

    def block(self, at):
        """(number, flags, durable segment, durable blocks, plaintext, tag, end), or None."""
        clear = self.data[at:at + 24]
        if len(clear) < 24:
            return None
        number, flags, length, blocks, zeros = struct.unpack_from(">IIIIH", clear)
        end = at + HEADER + length
        if number == 0 or flags > 7 or zeros != 0 or end > len(self.data):
            return None
        tag = self.data[at + 24:at + HEADER]
        plain = decrypt(self.key, number.to_bytes(12, "big"), clear, self.data[at + HEADER:end], tag)
        return None if plain is None else (number, flags, uint(clear, 18, 6), blocks, plain, tag, end)

    def chain(self, at=PAGE, number=1):
        """The blocks that follow one another, as far as they open."""
        while (block := self.block(at)) is not None and block[0] == number:
            yield at, block
            at = page_after(block[6]) if block[1] & GROUP_END else block[6]
            number += 1

    def at_pages(self, at):
        """Blocks that open at page boundaries."""
        return filter(None, (self.block(page) for page in range(page_after(at), len(self.data), PAGE)))

    def records(self, block):
        at, plain = 0, block[4]
        while at < len(plain):
            end = at + 5 + uint(plain, at + 1, 4)
            if at + 5 > len(plain) or end > len(plain):
                raise self.damaged(f"has a broken record in block {block[0]}")
            yield plain[at], plain[at + 5:end]
            at = end


def recover(volume):
    """The segments that are wanted, each with its end: the one to begin with, and those its table names."""
    segments = sorted(int(name[4:]) for name in volume.names if re.fullmatch(r"seg-\d+", name))
    later = [number for number in segments if number > volume.segment]
    if len(later) > (volume.state == 1) or later[:1] not in ([], [volume.segment + 1]):
        raise Refused("volume-rolled-back", f"seg-{later[-1]}", "was written after the header")
    successor = Segment(volume, later[0]) if later else None
    if successor and successor.is_proved:
        for number, flags, segment, *_ in successor.at_pages(PAGE):
            if segment >= successor.number or (flags & GROUP_BEGIN and number > 1):
                raise Refused("volume-rolled-back", successor.name, "was confirmed after the header")
    marked = volume.blocks_marked()
    if volume.segment == 0:
        return []
    start = Segment(volume, volume.segment).proved()
    if start.epoch > volume.epoch or (volume.blocks == 0 and start.epoch != volume.epoch):
        raise Refused("volume-rolled-back", start.name, f"is of mount {start.epoch}")
    at, following, wanted, has_table = PAGE, 1, [start], False
    for _, block in start.chain():
        at, following = block[6], block[0] + 1
        if block[1] & GROUP_END:
            start.end, start.end_tag = block[0], block[5]
            if block[1] & SEGMENT_END or start.end == volume.blocks:
                break
    if start.end < marked:
        raise start.damaged(f"ends with block {start.end}; {marked} were synced")
    if volume.blocks > 0:
        if start.end != volume.blocks:
            raise start.damaged(f"lacks block {following}")
        if start.end_tag != volume.end_tag:
            raise Refused("volume-rolled-back", start.name, "is another")
    elif start.end == 0 or (successor and successor.is_proved and successor.predecessor_blocks > start.end):
        raise start.damaged(f"lacks block {following}")
    else:
        for number, flags, segment, blocks, *_ in start.at_pages(at + 1):
            was_synced = flags & GROUP_BEGIN and number > following
            if was_synced or (number >= following and segment == start.number and blocks >= following):
                raise start.damaged(f"lacks block {following}, which was synced")
    for _, block in start.chain():
        if block[0] <= start.end:
            for kind, payload in start.records(block):
                if kind == (0x42 if start.format == 1 else 0x44) and not has_table:
                    has_table = True
                    wanted += older(volume, start, kind, payload, block[0])
            if block[1] & GROUP_END and not has_table:
                raise start.damaged("begins without a checkpoint")
    return sorted(wanted, key=lambda segment: segment.number)


def older(volume, newest, kind, payload, block):
    """The older segments that a table lists, among which all must be that the base began before."""
    base, rows = (newest.number, payload) if kind == 0x42 else (uint(payload, 0, 8), payload[16:])
    if len(rows) % 60 != 0 or (kind == 0x44 and len(payload) < 16):
        raise newest.damaged(f"has a broken record in block {block}")
    rows = list(struct.iter_unpack(">QI16sQQQII", rows))
    numbers = [row[0] for row in rows] + [newest.number]
    places = [number - 2 * COMPACTED if number >= COMPACTED else number for number in numbers]
    if places != sorted(set(places)) or not 0 < base <= newest.number \
            or not set(range(base, newest.number)) <= set(numbers) \
            or not {row[4] for row in rows} <= set(numbers):
        raise newest.damaged("lists other segments than it needs")
    return [listed(volume, newest, *row) for row in rows]


def listed(volume, newest, number, blocks, tag, last, home, at, first, count):
    """An older segment as the table says, with what its blocks record says of its blocks."""
    segment = Segment(volume, number).proved()
    if segment.data[last + 24:last + HEADER] != tag:
        raise Refused("volume-rolled-back", segment.name, "does not end as it did")
    if (block := segment.block(last)) is None or block[0] != blocks:
        raise segment.damaged("is damaged in its last block")
    segment.end, segment.end_tag = blocks, tag
    home = {number: segment, newest.number: newest}.get(home) or Segment(volume, home).proved()
    index = [block for _, block in home.chain(at, first) if block[0] < first + count]
    if len(index) < count:
        raise home.damaged("is damaged in an index")
    segment.index = next(data for block in index for kind, data in home.records(block) if kind == 0x43)[8:]
    return segment


def check(segment, is_open_ended, marked):
    """Every block of the segment, in order; refuses what recovery does not look at."""
    for at, block in segment.chain():
        place = segment.index[12 * block[0] - 12:12 * block[0]]
        if place and place != struct.pack(">QI", at, len(block[4])):
            raise segment.damaged(f"has block {block[0]} at a different offset than indexed")
        is_open = is_open_ended and block[0] == segment.end
        is_unknown = is_open and segment.end > marked
        if block[1] & GROUP_END and not is_unknown and any(segment.data[block[6]:page_after(block[6])]):
            raise segment.damaged(f"is damaged after byte {block[6]}")
        yield block
        if block[0] == segment.end:
            has_end = is_open or len(segment.data) == page_after(block[6])
            if block[5] != segment.end_tag or not has_end:
                raise segment.damaged("does not end as it did")
            return
    raise segment.damaged("lacks blocks")


def main(folder, keys):
    newest, *older = keys.split(",")
    pairs = (key.split(":") for key in older)
    volume = Volume(folder, bytes.fromhex(newest), {int(one): bytes.fromhex(key) for one, key in pairs})
    wanted, lines = recover(volume), []
    for segment in wanted:
        is_open_ended = volume.state != 2 and segment.number == volume.segment
        for block in check(segment, is_open_ended, volume.blocks_marked()):
            for kind, payload in segment.records(block):
                try:
                    line = {"at": [segment.number, block[0]], **describe(kind, payload, volume.kind == 1)}
                except ValueError as broken:
                    raise segment.damaged(f"has a broken record in block {block[0]}: {broken}")
                text = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
                # Bytes that are not UTF-8 are lone surrogates, which JSON writes as escapes.
                lines.append(re.sub("[\ud800-\udfff]", lambda lone: f"\\u{ord(lone[0]):04x}", text))
    for name in set(volume.names) - {"volume", "lock", "mark", *(segment.name for segment in wanted)}:
        left = r"(volume|mark)\.new|volume\.old|lock\.\d+(\.stale)?" + ("" if volume.state == 2 else r"|(seg|free|compact)-\d+")
        if not re.fullmatch(left, name):
            raise Refused("volume-damaged", name, "does not belong to the volume")
    sys.stdout.write("".join(line + "\n" for line in lines))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except Refused as refused:
        sys.exit("{}: {} {}".format(*refused.args))
