// Bloom filters over hashes of attributes.

/** Bits for each hash; about one in a hundred other hashes is taken for one of them. */
const bitsPerHash = 10;
const probeCount = 7;

/** Makes a filter of hashes below 2^48. */
export function makeFilter(hashes: Iterable<number>, count: number): Buffer {
  const bytes = Buffer.alloc(Math.max(8, Math.ceil((count * bitsPerHash) / 8)));
  for (const hash of hashes) {
    for (let i = 0; i < probeCount; i++) {
      const bit = bitOf(hash, i, bytes.length);
      bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return bytes;
}

/** Whether a filter may contain a hash. */
export function mayContain(filter: Buffer, hash: number): boolean {
  for (let i = 0; i < probeCount; i++) {
    const bit = bitOf(hash, i, filter.length);
    if (((filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

function bitOf(hash: number, probe: number, sizeBytes: number): number {
  const low = hash % 0x1_0000_0000;
  // Odd, so that the probes differ.
  const step = Math.floor(hash / 0x1_0000_0000) * 2 + 1;
  return (low + probe * step * 0x1_0001) % (sizeBytes * 8);
}
