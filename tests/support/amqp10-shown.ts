// What a peer of AMQP 1.0 has received, as text.

import {
  type Composite,
  compositeCodes,
} from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import type { ReceivedFrame } from './amqp10-peer.ts';
import { readMessage } from './amqp10-rabbitmq.ts';

const names = new Map<number, string>(
  Object.entries(compositeCodes).map(([name, code]) => [code, name]),
);

/** A composite as text: its name, and its outcome or error. */
export function shown(body: Composite | undefined): string {
  if (body === undefined) return 'empty';
  const name = names.get(body.code) ?? '?';
  if (body.code === compositeCodes.disposition) return `${name} ${shown(body.state)}`;
  const error = 'error' in body ? body.error : undefined;
  if (error?.code !== compositeCodes.error) return name;
  return `${name} ${error.condition}: ${error.description}`;
}

/** Composites as text. */
export function shownAll(frames: readonly ReceivedFrame[]): string[] {
  return frames.map(({ body }) => shown(body));
}

/** The bodies of messages, which are data. */
export function bodies(frames: readonly ReceivedFrame[]): unknown[] {
  return frames.flatMap(({ body, payload }) => {
    if (body?.code !== compositeCodes.transfer) return [];
    const data = String(readMessage(payload)['data']).slice(2);
    return [Buffer.from(data, 'hex').toString()];
  });
}
