// The STOMP protocol.

import type { Protocol, Recognition } from '../protocol.ts';
import { StompConnection } from './connection.ts';
import type { Dialect } from './dialect.ts';
import { FrameMessages } from './frame-messages.ts';

const beginnings = ['CONNECT', 'STOMP'].map((text) => Buffer.from(text));

/** Whether the first bytes of a connection are STOMP, or can become it. */
export function recognizes(bytes: Buffer): Recognition {
  let at = 0;
  while (at < bytes.length && (bytes[at] === 10 || bytes[at] === 13)) at++;
  if (at === bytes.length) return 'maybe';
  for (const beginning of beginnings) {
    const size = Math.min(beginning.length, bytes.length - at);
    if (bytes.compare(beginning, 0, size, at, at + size) !== 0) continue;
    return size === beginning.length ? 'yes' : 'maybe';
  }
  return 'no';
}

/** STOMP 1.0, 1.1 and 1.2 for one broker, in the dialect of its type. */
export function stomp(dialect: Dialect): Protocol {
  return {
    name: 'stomp',
    subprotocols: ['v12.stomp', 'v11.stomp', 'v10.stomp', 'stomp'],
    recognizes,
    newOutputMessages: () => new FrameMessages(),
    accept: (transport) => new StompConnection(transport, dialect),
  };
}
