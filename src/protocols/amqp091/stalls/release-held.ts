// What a connection holds is released at its end.

import type { Broker } from '../../../broker/broker.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { Channel } from '../channel.ts';
import type { FrameGate } from './frame-gate.ts';

/** The connection. Its exclusive queues belong to it. */
interface EndedConnection {
  readonly broker: Broker;
  readonly gate: FrameGate;
  readonly peerAddress: string;
}

/**
 * Requeues unsettled deliveries, ends consumers, and removes exclusive queues. Long work is done in
 * later turns of the event loop.
 *
 * @param vhost undefined if none was opened
 * @param channels all of them, abandoned
 * @param done called at the end; before this returns if nothing is held
 */
export function releaseHeld(
  connection: EndedConnection,
  vhost: Vhost | undefined,
  channels: readonly Channel[],
  done: (() => void) | undefined,
): void {
  const { background } = connection.broker;
  // Most connections hold nothing, and a job would take longer than the rest of their end.
  if (background.beginsAtOnce && holdsNothing(connection, vhost, channels)) done?.();
  else background.run(steps(connection, vhost, channels), done);
}

function holdsNothing(
  connection: EndedConnection,
  vhost: Vhost | undefined,
  channels: readonly Channel[],
): boolean {
  if (connection.gate.isBusy || vhost?.exclusive.isOwner(connection) === true) return false;
  return channels.every((channel) => channel.holdsNothing);
}

function* steps(
  connection: EndedConnection,
  vhost: Vhost | undefined,
  channels: readonly Channel[],
): Generator<void> {
  const { broker, gate, peerAddress } = connection;
  while (gate.isBusy) yield;
  for (const channel of channels) {
    yield* channel.requeueAllAnyway((bug) => broker.internalError(bug, peerAddress));
  }
  yield* vhost?.release(connection) ?? [];
}
