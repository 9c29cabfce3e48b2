// The body of a message that is received in parts.

import type { Publication } from '../../../broker/publication.ts';

/** If a body has this many parts, parts that are smaller than this are joined, in bytes. */
const gatheredSizeMax = 4096;
const gatheredFrom = 16;
const roomSize = 64 * 1024;

/**
 * Adds the parts of a body to a publication. Parts stay in the received chunks; small ones are
 * copied together so that each does not keep a whole chunk in memory.
 */
export class BodyParts {
  readonly #publication: Publication;
  #room: Buffer | undefined = undefined;
  #used = 0;

  constructor(publication: Publication) {
    this.#publication = publication;
  }

  add(bytes: Buffer, at: number, end: number): void {
    const isSmall = end - at < gatheredSizeMax && this.#publication.partCount >= gatheredFrom;
    if (isSmall) this.#gather(bytes, at, end);
    else this.#publication.addPart(bytes, at, end);
  }

  #gather(bytes: Buffer, at: number, end: number): void {
    const size = end - at;
    const publication = this.#publication;
    if (this.#room === undefined || this.#used + size > this.#room.length) {
      this.#room = Buffer.allocUnsafeSlow(roomSize);
      this.#used = 0;
    }
    const room = this.#room;
    const start = this.#used;
    bytes.copy(room, start, at, end);
    this.#used += size;
    const last = publication.partCount - 1;
    if (publication.parts[last] !== room) publication.addPart(room, start, start + size);
    else publication.growLastPart(size);
  }

  /** Clears the body for the next message. */
  clear(): void {
    this.#room = undefined;
    if (this.#publication.partCount > 1) this.#publication.release();
    else this.#publication.clearBody();
  }

  /** Whether the body has a zero byte. */
  hasNul(): boolean {
    const { partCount, parts, partStarts, partEnds } = this.#publication;
    for (let i = 0; i < partCount; i++) {
      if (parts[i]?.subarray(partStarts[i], partEnds[i]).includes(0) === true) return true;
    }
    return false;
  }
}
