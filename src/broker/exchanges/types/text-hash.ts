// A hash of texts, to distribute messages.

/** FNV-1a of the characters of a text, with a final mix: 32 bits, without a sign. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return mixed(hash);
}

/** Mixes the bits of a number: 32 bits, without a sign. */
export function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The next of a sequence that contains every 32-bit number once; {@link mixed} makes it irregular. */
export function nextSeed(seed: number): number {
  return (seed + 0x6d2b79f5) >>> 0;
}

/**
 * Jump consistent hash (Lamping, Veach 2014): a number below `count`, which for most hashes stays the
 * same if `count` changes by one. Takes about log(count) steps.
 */
export function jumpHash(hash: number, count: number): number {
  let seed = hash;
  let found = 0;
  for (let next = 0; next < count; ) {
    found = next;
    seed = nextSeed(seed);
    const uniform = (mixed(seed) + 1) / 2 ** 32; // above 0, at most 1
    next = Math.floor((found + 1) / uniform);
  }
  return found;
}
