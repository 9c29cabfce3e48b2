// The decoded sections of a stored head.

import { Decoder } from '../codec/decoder.ts';
import type { Entry, Item } from '../codec/items.ts';
import { AmqpError } from '../errors.ts';
import { sections } from '../messages/sections.ts';
import { sectionsOf } from '../messages/stored-head.ts';

const decoder = new Decoder();

/** The sections before the body. Those that are missing are empty. */
export interface Head {
  readonly header: readonly Item[];
  readonly annotations: readonly Entry[];
  readonly properties: readonly Item[];
  readonly applicationProperties: readonly Entry[];
}

/** Decodes a head, which was checked when its message was received. */
export function readHead(buffer: Buffer, start: number, end: number): Head {
  const found = new Map<number, Item | undefined>();
  for (const { code, valueAt, end: sectionEnd } of sectionsOf(buffer, start, end)) {
    found.set(code, readItem(buffer, valueAt, sectionEnd));
  }
  const list = (code: number) => {
    const item = found.get(code);
    return item?.type === 'list' ? item.value : [];
  };
  const map = (code: number) => {
    const item = found.get(code);
    return item?.type === 'map' ? item.value : [];
  };
  return {
    header: list(sections.header),
    annotations: map(sections.messageAnnotations),
    properties: list(sections.properties),
    applicationProperties: map(sections.applicationProperties),
  };
}

/**
 * Decodes a value of stored bytes. Heads are checked when a message is received, so that an error is
 * only possible in bodies.
 *
 * @returns undefined if the bytes are not a value, or have more values than are decoded
 */
export function readItem(buffer: Buffer, at: number, end: number): Item | undefined {
  try {
    return decoder.reset(buffer, at, end).item();
  } catch (error) {
    if (error instanceof AmqpError) return undefined;
    throw error;
  }
}
