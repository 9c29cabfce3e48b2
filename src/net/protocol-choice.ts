// Detection of the protocol by the first bytes of a connection.

import type { TLSSocket } from 'node:tls';
import type { Recognition } from '../protocols/protocol.ts';
import type { Wire } from './wire.ts';

/** Bytes that are enough to detect any protocol. Later bytes are not examined. */
const prefixBytesMax = 16;

/** An object that recognises a protocol by its first bytes. */
export interface Recognizer {
  recognizes(bytes: Buffer): Recognition;
}

/**
 * Chooses a candidate by the bytes received so far. The first one that answers yes is chosen. If
 * all answer no, the first candidate is chosen, which answers unknown protocols.
 *
 * @param candidates at least one
 * @returns undefined if more bytes are needed
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
 * Waits for the first bytes of a connection and chooses a candidate. The socket is not paused, and no
 * bytes are put back. The caller limits the waiting time.
 *
 * @param chosen takes over the socket and the received bytes; called synchronously for the last of
 *   them, so that a listener it adds misses none
 */
export function chooseBySocket<T extends Recognizer>(
  socket: TLSSocket,
  candidates: readonly T[],
  chosen: (candidate: T, bytes: Buffer) => void,
): void {
  let gathered: Buffer = Buffer.alloc(0);
  const look = (bytes: Buffer) => {
    gathered = gathered.length === 0 ? bytes : Buffer.concat([gathered, bytes]);
    const candidate = choose(candidates, gathered);
    if (candidate === undefined) return;
    socket.off('data', look);
    chosen(candidate, gathered);
  };
  socket.on('data', look);
}

/**
 * Like {@link chooseBySocket}, for a wire, which cannot take bytes back.
 *
 * @param chosen takes over the wire and the received bytes
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
