// What the links of all kinds have in common.

import { type Attach, compositeCodes, type Flow } from '../codec/performatives.gen.ts';
import type { ReceivedTransfer } from '../codec/transfer-reader.ts';
import { AmqpError, toAmqpError } from '../errors.ts';
import type { Session } from '../session.ts';

/**
 * Why a link ends: the peer has ended it (`closed`: it will not be used again; `detached`), or it was
 * lost with its connection or because of an error.
 */
export type Ending = 'closed' | 'detached' | 'lost';

/** A node that was created for a link. */
export interface DynamicNode {
  /** Deletes the node with its messages. */
  delete(): void;
}

/** An end of a link. */
export abstract class Link {
  readonly session: Session;
  readonly name: string;
  /** The handle of both ends. */
  readonly handle: number;
  /** Whether this end sends messages. */
  readonly isSender: boolean;
  /** The node that lives as long as the link. */
  readonly dynamic: DynamicNode | undefined;
  /** Whether the link has ended. The peer may not know it yet. */
  isOver = false;

  constructor(session: Session, attach: Attach, dynamic: DynamicNode | undefined) {
    this.session = session;
    this.name = attach.name;
    this.handle = attach.handle;
    this.isSender = attach.role;
    this.dynamic = dynamic;
  }

  /** Whether the link belongs to a durable subscription. */
  get isDurable(): boolean {
    return false;
  }

  /** Starts the link after the answer to its attach has been written. */
  abstract begin(): void;

  /** The peer has sent a flow for this link. */
  abstract flow(flow: Flow): void;

  /** The peer has sent a transfer; its payload is between two offsets. */
  abstract transfer(transfer: ReceivedTransfer, bytes: Buffer, at: number, end: number): void;

  /** Deliveries to the peer may be possible again. */
  wake(): void {}

  /** Releases everything that the link holds, in steps. */
  abstract release(ending: Ending): Iterable<void>;

  /** Does what follows after the link has ended and everything is released. */
  closed(_ending: Ending): void {
    this.dynamic?.delete();
  }

  /** Ends the link with an error. The peer answers with a detach. */
  fail(thrown: unknown): void {
    if (this.isOver) return;
    const error = toAmqpError(thrown, 'link');
    if (error.scope !== 'link') throw thrown;
    this.isOver = true;
    const { host } = this.session;
    host.links.remove(this);
    host.broker.background.run(this.#releaseAll());
    host.answers.say(0, () => this.session.writeDetach(this.handle, true, error));
  }

  *#releaseAll(): Generator<void> {
    yield* this.release('lost');
    this.closed('lost');
  }
}

/** A link that was refused. It exists until the peer answers the detach. */
export class RefusedLink extends Link {
  constructor(session: Session, attach: Attach) {
    // The name is not kept: a peer could have thousands of refused links with long names.
    super(session, { ...attach, name: '' }, undefined);
    this.isOver = true;
  }

  override begin(): void {}

  override flow(): void {}

  override transfer(): void {}

  override release(): Iterable<void> {
    return [];
  }
}

/** Returns the answer to an attach that is refused: without the terminus of this end. */
export function refusal(attach: Attach): Attach {
  return {
    code: compositeCodes.attach,
    name: attach.name,
    handle: attach.handle,
    role: !attach.role,
    ...(attach.role ? {} : { source: attach.source }),
    ...(attach.role ? { target: attach.target, initialDeliveryCount: 0 } : {}),
  };
}

/** The sender settle mode in which all deliveries are sent settled (2.8.2). */
export const settledMode = 1;

/** The error of a terminus that is missing or cannot be used. */
export function invalidField(message: string): AmqpError {
  return new AmqpError('invalid-field', message, { scope: 'link' });
}
