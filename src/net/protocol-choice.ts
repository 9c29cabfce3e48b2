import type { TLSSocket } from 'node:tls';
import type { Recognition } from '../protocols/protocol.ts';
import type { Wire } from './wire.ts';

/** Bytes that tell any protocol; what is not known by then is none of them. */
const prefixBytesMax = 16;

/** What can be told by the first bytes of a connection. */
export interface Recognizer {
  recognizes(bytes: Buffer): Recognition;
}

/**
 * Chooses by the bytes that have come so far. Where several say yes the first does, and where none
 * does any more the first of all: it answers what it does not know as it always does.
 *
 * @param candidates at least one
 * @returns undefined where more bytes are needed
 */
export function choose<T extends Recognizer>(
  candidates: readonly T[],
  bytes: Buffer,
): T | undefined {
  const fallback = candidates[0];
  if (candidates.length === 1) return fallback;
  let isOpen = false;
  for (const candidate of candidates) {
    const recognition = candidate.recognizes(bytes);
    if (recognition === 'yes') return candidate;
    if (recognition === 'maybe') isOpen = true;
  }
  return isOpen && bytes.length < prefixBytesMax ? undefined : fallback;
}

/**
 * Waits for the first bytes of a connection and chooses by them. The bytes stay in the socket, as if
 * nobody had looked; it is paused. The caller bounds the time that this takes.
 */
export function chooseBySocket<T extends Recognizer>(
  socket: TLSSocket,
  candidates: readonly T[],
  chosen: (candidate: T) => void,
): void {
  let gathered: Buffer = Buffer.alloc(0);
  const look = (bytes: Buffer) => {
    gathered = gathered.length === 0 ? bytes : Buffer.concat([gathered, bytes]);
    const candidate = choose(candidates, gathered);
    if (candidate === undefined) return;
    socket.off('data', look);
    socket.pause();
    socket.unshift(gathered);
    chosen(candidate);
  };
  socket.on('data', look);
}

/**
 * The same on a wire, which cannot take bytes back.
 *
 * @param chosen takes the wire over; it is given the bytes that have come
 */
export function chooseByWire<T extends Recognizer>(
  wire: Wire,
  candidates: readonly T[],
  chosen: (candidate: T, bytes: Buffer) => void,
): void {
  let gathered: Buffer = Buffer.alloc(0);
  let isChosen = false;
  wire.read((bytes) => {
    if (isChosen) return;
    gathered = gathered.length === 0 ? bytes : Buffer.concat([gathered, bytes]);
    const candidate = choose(candidates, gathered);
    if (candidate === undefined) return;
    isChosen = true;
    chosen(candidate, gathered);
  });
}
