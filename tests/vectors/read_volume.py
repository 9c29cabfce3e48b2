"""Reads a sealed volume as docs/formats/volume.md describes it: python3 read_volume.py FOLDER KEY_HEX

Prints every record of the segments that recovery wants, a line of JSON each. A volume that is not as it
was written is refused: exit code 1, and `code: file what` on stderr. Bare Python 3 is enough where the
system has libcrypto; the package `cryptography` is used where it is there.
"""
import ctypes, ctypes.util, hmac, json, os, re, struct, sys

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    AESGCM = None
    lib = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    lib.EVP_CIPHER_CTX_new.restype = lib.EVP_aes_256_gcm.restype = ctypes.c_void_p

PAGE, HEADER = 4096, 40
GROUP_END, SEGMENT_END, GROUP_BEGIN = 1, 2, 4


class Refused(Exception):
    pass


def decrypt(key, nonce, clear, sealed, tag):
    """AES-256-GCM; None where the tag is another."""
    if AESGCM:
        try:
            return AESGCM(key).decrypt(nonce, sealed + tag, clear)
        except InvalidTag:
            return None
    ctx, size = ctypes.c_void_p(lib.EVP_CIPHER_CTX_new()), ctypes.c_int()
    out = ctypes.create_string_buffer(len(sealed) + 16)
    lib.EVP_DecryptInit_ex(ctx, ctypes.c_void_p(lib.EVP_aes_256_gcm()), None, key, nonce)
    lib.EVP_DecryptUpdate(ctx, None, ctypes.byref(size), clear, len(clear))
    if sealed:
        lib.EVP_DecryptUpdate(ctx, out, ctypes.byref(size), sealed, len(sealed))
    lib.EVP_CIPHER_CTX_ctrl(ctx, 0x11, 16, tag)  # EVP_CTRL_AEAD_SET_TAG
    is_same = lib.EVP_DecryptFinal_ex(ctx, out, ctypes.byref(size)) == 1
    lib.EVP_CIPHER_CTX_free(ctx)
    return out.raw[:len(sealed)] if is_same else None


def hkdf(key, salt, info):
    """RFC 5869 with SHA-256: its first 32 bytes."""
    prk = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(prk, info + b"\x01", "sha256")


def uint(data, at, size):
    return int.from_bytes(data[at:at + size], "big")


def page_after(offset):
    return -(-offset // PAGE) * PAGE


class Volume:
    """The header file, proved under the data key."""

    def __init__(self, folder, key):
        self.folder, self.key = folder, key
        self.names = os.listdir(folder)
        if "volume" not in self.names:
            raise Refused("not-a-volume", "volume", "is missing")
        data = self.read("volume")
        if data[:8] != b"WAXWVOL\n" or len(data) < 10:
            raise Refused("not-a-volume", "volume", "does not begin as it must")
        if uint(data, 8, 2) > 1:
            raise Refused("format-too-new", "volume", f"is of format {uint(data, 8, 2)}")
        try:
            self.kind, self.state, _, self.epoch, self.segment, self.blocks, self.end_tag, size = \
                struct.unpack_from(">BBIQQI16sB", data, 10)
            (wrapped,) = struct.unpack_from(">I", data, 53 + size)
        except struct.error:
            raise Refused("not-a-volume", "volume", "is cut off")
        self.id = data[53:53 + size]
        if self.kind > 1 or self.state > 2 or len(data) != 53 + size + 4 + wrapped + 32:
            raise Refused("not-a-volume", "volume", "is not as it must be")
        code = hmac.digest(hkdf(key, b"", b"waxwing volume header"), data[:-32], "sha256")
        if not hmac.compare_digest(code, data[-32:]):
            raise Refused("wrong-key", "volume", "is not under this key, or changed")

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def segment_key(self, salt, number):
        kind = (b"broker", b"system")[self.kind]
        return hkdf(self.key, salt, b"waxwing segment %s %s %d" % (kind, self.id, number))


class Segment:
    """One segment file whose header page is proved; `None` from `of` where it is not."""

    @classmethod
    def of(cls, volume, number):
        self = cls()
        self.volume, self.number, self.name = volume, number, f"seg-{number}"
        if self.name not in volume.names:
            raise Refused("volume-damaged", self.name, "is missing")
        self.data = volume.read(self.name)
        page = self.data[:PAGE]
        if len(page) < PAGE or page[:10] != b"WAXWSEG\n\x00\x01" or uint(page, 16, 8) != number:
            return None
        self.epoch, self.predecessor_blocks = uint(page, 24, 8), uint(page, 40, 4)
        self.key = volume.segment_key(page[60:92], number)
        proved = decrypt(self.key, bytes(12), page[:92], b"", page[92:108])
        self.end, self.end_tag, self.index = 0, b"", None
        return self if proved is not None and not any(page[108:]) else None

    def block(self, at):
        """(number, flags, durable segment, durable blocks, plaintext, tag, end), or None."""
        clear = self.data[at:at + 24]
        if len(clear) < 24:
            return None
        number, flags, length, blocks, zeros = struct.unpack_from(">IIIIH", clear)
        end = at + HEADER + length
        if number == 0 or flags > 7 or zeros != 0 or end > len(self.data):
            return None
        tag, sealed = self.data[at + 24:at + HEADER], self.data[at + HEADER:end]
        plain = decrypt(self.key, number.to_bytes(12, "big"), clear, sealed, tag)
        if plain is None:
            return None
        return number, flags, uint(clear, 18, 6), blocks, plain, tag, end

    def chain(self, at=PAGE, number=1):
        """The blocks that follow one another, as far as they open."""
        while (block := self.block(at)) is not None and block[0] == number:
            yield at, block
            at = page_after(block[6]) if block[1] & GROUP_END else block[6]
            number += 1

    def at_pages(self, at):
        """Blocks that open at page boundaries."""
        for page in range(page_after(at), len(self.data), PAGE):
            if (block := self.block(page)) is not None:
                yield block

    def damaged(self, what):
        return Refused("volume-damaged", self.name, what)


def records(segment, number, plain):
    at = 0
    while at < len(plain):
        start = at + 5
        end = start + uint(plain, at + 1, 4)
        if start > len(plain) or end > len(plain):
            raise segment.damaged(f"has a broken record in block {number}")
        yield plain[at], plain[start:end]
        at = end


def segments_of(volume, pattern="seg"):
    return sorted(int(n.split("-")[1]) for n in volume.names if re.fullmatch(pattern + r"-\d+", n))


def recover(volume):
    """The segments that are wanted, each with its end: the one to begin with, and those its table names."""
    rolled_back = lambda name, what: Refused("volume-rolled-back", name, what)
    later = [n for n in segments_of(volume) if n > volume.segment]
    if len(later) > (volume.state == 1) or later[:1] not in ([], [volume.segment + 1]):
        raise rolled_back(f"seg-{later[-1]}", "was written after the header")
    successor = Segment.of(volume, later[0]) if later else None
    for number, flags, segment, *_ in successor.at_pages(PAGE) if successor else ():
        if segment >= successor.number or (flags & GROUP_BEGIN and number > 1):
            raise rolled_back(successor.name, "was confirmed after the header")
    if volume.segment == 0:
        return []
    start = Segment.of(volume, volume.segment)
    if start is None:
        raise Refused("volume-damaged", f"seg-{volume.segment}", "does not begin as it was written")
    if start.epoch > volume.epoch or (volume.blocks == 0 and start.epoch != volume.epoch):
        raise rolled_back(start.name, f"is of mount {start.epoch}")
    wanted, at, next_number = [start], PAGE, 1
    for _, block in start.chain():
        at, next_number = block[6], block[0] + 1
        if block[1] & GROUP_END:
            start.end, start.end_tag = block[0], block[5]
            if block[1] & SEGMENT_END or start.end == volume.blocks:
                break
    if volume.blocks > 0:
        if start.end != volume.blocks:
            raise start.damaged(f"lacks block {next_number}")
        if start.end_tag != volume.end_tag:
            raise rolled_back(start.name, "is another")
    elif start.end == 0 or (successor and successor.predecessor_blocks > start.end):
        raise start.damaged(f"lacks block {next_number}")
    else:
        for number, flags, segment, blocks, *_ in start.at_pages(at + 1):
            if (flags & GROUP_BEGIN and number > next_number) or \
                    (number >= next_number and segment == start.number and blocks >= next_number):
                raise start.damaged(f"lacks block {next_number}, which was synced")
    has_table = False
    for _, block in start.chain():
        if block[0] > start.end:
            break
        for kind, payload in records(start, block[0], block[4]):
            if kind == 0x42:
                has_table = True
                wanted += [listed(volume, start, payload[i:i + 60]) for i in range(0, len(payload), 60)]
        if block[1] & GROUP_END and not has_table:
            raise start.damaged("begins without a checkpoint")
    return sorted(wanted, key=lambda segment: segment.number)


def listed(volume, newest, entry):
    number, blocks, tag, last, home, at, first, count = struct.unpack(">QI16sQQQII", entry)
    segment = Segment.of(volume, number)
    if segment is None:
        raise Refused("volume-damaged", f"seg-{number}", "does not begin as it was written")
    if segment.data[last + 24:last + HEADER] != tag:
        raise Refused("volume-rolled-back", segment.name, "does not end as it did")
    if (block := segment.block(last)) is None or block[0] != blocks:
        raise segment.damaged("is damaged in its last block")
    segment.end, segment.end_tag = blocks, tag
    home = segment if home == number else newest
    index = [b for _, b in home.chain(at, first) if b[0] < first + count]
    if len(index) < count:
        raise home.damaged("is damaged in an index")
    segment.index = next(p for b in index for k, p in records(home, b[0], b[4]) if k == 0x43)[8:]
    return segment


def check(segment):
    """Every block of the segment, in order; refuses what recovery does not look at."""
    last = None
    for at, block in segment.chain():
        last = block
        if segment.index is not None and (place := segment.index[12 * block[0] - 12:12 * block[0]]):
            if place != struct.pack(">QI", at, len(block[4])):
                raise segment.damaged(f"has block {block[0]} elsewhere than indexed")
        if block[1] & GROUP_END and any(segment.data[block[6]:page_after(block[6])]):
            raise segment.damaged(f"is damaged behind byte {block[6]}")
        yield block
        if block[0] == segment.end:
            break
    if last is None or last[5] != segment.end_tag:
        raise segment.damaged("does not end with the block it is said to end with")
    if last[1] & SEGMENT_END and len(segment.data) != page_after(last[6]):
        raise segment.damaged("is longer or shorter than it was")


def numbers(data, *sizes):
    """Big-endian numbers of the given sizes, again and again to the data's end."""
    found, at = [], 0
    while at < len(data):
        row = []
        for size in sizes:
            row.append(uint(data, at, size))
            at += size
        found.append(row)
    return found


def message(data):
    flags, form, count = struct.unpack_from(">BBH", data)
    at = 4 + 10 * count
    times = 12 if flags & 1 else 6
    key = at + times + 1
    texts = []
    for _ in range(2):
        texts.append(data[key + 1:key + 1 + data[key]].decode())
        key += 1 + data[key]
    head, body = key + 8, key + 8 + uint(data, key, 4)
    return {"format": form, "persistent": flags & 2 != 0, "queues": numbers(data[4:at], 4, 6),
            "received": uint(data, at, 6), "expires": uint(data, at + 6, 6) if flags & 1 else None,
            "priority": data[at + times], "exchange": texts[0], "key": texts[1],
            "head": data[head:body].hex(), "body": data[body:body + uint(data, key + 4, 4)].hex()}


def message_index(data):
    entries, at, sequence, block = [], 10, -2, -1
    def take(size, there=True, otherwise=None):
        nonlocal at
        at += size if there else 0
        return uint(data, at - size, size) if there else otherwise
    while at < len(data):
        flags = take(1)
        sequence, block = take(6, flags & 1, sequence + 1), take(6, flags & 2, block)
        entries.append([sequence, block, take(4), take(4), take(1, flags & 4, 0), take(6, flags & 8)])
    return {"of": uint(data, 0, 6), "queue": uint(data, 6, 4), "entries": entries}


def timeline(data, is_index):
    name, at = data[1:1 + data[0]].decode(), 1 + data[0]
    if is_index:
        return {"timeline": name, "of": uint(data, at, 6), "entries": numbers(data[at + 6:], 6, 4, 6)}
    return {"timeline": name, "at": uint(data, at, 6), "bytes": data[at + 10:].hex()}


def describe(kind, data, is_system):
    ranges = lambda: {"queue": uint(data, 0, 4), "next": uint(data, 4, 6), "ranges": numbers(data[10:], 6, 6)}
    rows = lambda: [[x.hex() if isinstance(x, bytes) else x for x in row]
                    for row in struct.iter_unpack(">QI16sQQQII", data)]
    names = {1: ("message", message), 2: ("settle", lambda d: dict(zip(("queue", "from", "to"), numbers(d, 4, 6, 6)[0]))),
             3: ("definition", lambda d: {"change": d.decode()}), 4: ("window", lambda d: ranges()),
             5: ("returned", lambda d: ranges()), 6: ("stopped", lambda d: {}),
             0x10: ("change", lambda d: {"change": d.decode()}), 0x11: ("timeline", lambda d: timeline(d, False)),
             0x41: ("index", lambda d: timeline(d, True) if is_system else message_index(d)),
             0x42: ("table", lambda d: {"entries": rows()}),
             0x43: ("blocks", lambda d: {"of": uint(d, 0, 8), "entries": numbers(d[8:], 8, 4)})}
    name, read = names.get(kind, (str(kind), lambda d: {}))
    return {"type": name, **read(data)}


def main(folder, key):
    volume = Volume(folder, bytes.fromhex(key))
    wanted, lines = recover(volume), []
    for segment in wanted:
        for block in check(segment):
            for kind, payload in records(segment, block[0], block[4]):
                line = {"at": [segment.number, block[0]], **describe(kind, payload, volume.kind == 1)}
                lines.append(json.dumps(line, separators=(",", ":"), ensure_ascii=False))
    known = {"volume", "lock", *(segment.name for segment in wanted)}
    for name in sorted(set(volume.names) - known):
        is_draft = re.fullmatch(r"volume\.new|lock\.\d+(\.stale)?", name)
        if not is_draft and not (volume.state != 2 and re.fullmatch(r"(seg|free)-\d+", name)):
            raise Refused("volume-damaged", name, "does not belong to the volume")
    print("".join(line + "\n" for line in lines), end="")


try:
    main(*sys.argv[1:3])
except Refused as refused:
    sys.exit("{}: {} {}".format(*refused.args))
