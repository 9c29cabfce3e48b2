// Links on which the peer sends.

import type { Usage, UsageWaiter } from '../../../broker/activemq/limits/usage.ts';
import {
  type Attach,
  type Composite,
  compositeCodes,
  type Flow,
} from '../codec/performatives.gen.ts';
import type { ReceivedTransfer } from '../codec/transfer-reader.ts';
import { AmqpError, decodeError, toAmqpError } from '../errors.ts';
import { linkCredit, linkCreditShare, tagBytesMax } from '../limits.ts';
import { IncomingMessage } from '../messages/incoming-message.ts';
import type { MessageRules } from '../messages/message-rules.ts';
import type { Session } from '../session.ts';
import { type DynamicNode, Link } from './link.ts';

/** A delivery of which not all transfers have been received. */
export interface IncomingDelivery {
  readonly deliveryId: number;
  readonly messageFormat: number;
  isSettled: boolean;
  state: Composite | undefined;
}

/** What a link on which the peer sends depends on. */
export interface ReceivingTerms {
  readonly dynamic: DynamicNode | undefined;
  /** Maximum size of a message, in bytes. */
  readonly bytesMax: number;
  readonly rules: MessageRules;
}

/** A link on which the peer sends: its credit, and the delivery that is being received. */
export abstract class ReceivingLink extends Link implements UsageWaiter {
  /** Messages that the peer may send at once. */
  protected creditMax: number = linkCredit;
  /** The limit because of which no credit is granted. */
  #reached: Usage | undefined = undefined;
  protected readonly message: IncomingMessage;
  readonly #bytesMax: number;
  #delivery: IncomingDelivery | undefined = undefined;
  /** Size of the received part of the delivery, in bytes. */
  #keptBytes = 0;
  #creditLeft = 0;
  #deliveryCount: number;

  constructor(session: Session, attach: Attach, terms: ReceivingTerms) {
    super(session, attach, terms.dynamic);
    this.message = new IncomingMessage(terms.rules);
    this.#bytesMax = terms.bytesMax;
    this.#deliveryCount = attach.initialDeliveryCount ?? 0;
  }

  /**
   * Handles a complete delivery in {@link message}. Errors with scope `link` and errors of the
   * broker reject the delivery.
   */
  protected abstract received(delivery: IncomingDelivery): void;

  /** For administration. */
  get counts() {
    return {
      deliveryCount: this.#deliveryCount,
      credit: this.#creditLeft,
      bytesMax: this.#bytesMax,
    };
  }

  override begin(): void {
    this.#grant();
  }

  #grant(): void {
    this.#creditLeft = this.creditMax;
    this.#writeFlow();
  }

  /** Whether credit may be granted. When it may again, call {@link grantAgain}. */
  protected get mayGrant(): boolean {
    return this.#reached === undefined;
  }

  /** Grants credit if little is left, and no limit is reached. */
  protected grantAgain(): void {
    const isLittle = this.#creditLeft <= this.creditMax * linkCreditShare;
    if (isLittle && this.mayGrant && !this.isOver) this.#grant();
  }

  /** A limit is reached: no credit is granted until there is room. */
  protected withholdCredit(reached: Usage): void {
    if (this.#reached !== undefined) return;
    this.#reached = reached;
    reached.add(this);
  }

  /** There is room again. */
  freed(): void {
    this.#reached = undefined;
    this.grantAgain();
    this.session.host.requestFlush();
  }

  #writeFlow(): void {
    this.session.writeFlow({
      handle: this.handle,
      deliveryCount: this.#deliveryCount,
      linkCredit: this.#creditLeft,
    });
  }

  override flow({ echo }: Flow): void {
    if (echo === true) this.#writeFlow();
  }

  override transfer(transfer: ReceivedTransfer, bytes: Buffer, at: number, end: number): void {
    const delivery = this.#delivery ?? this.#begin(transfer);
    requireSame(transfer, delivery);
    if (transfer.aborted === true) {
      this.#end();
      return;
    }
    delivery.isSettled ||= transfer.settled === true;
    delivery.state = transfer.state ?? delivery.state;
    const { message } = this;
    const size = message.length + end - at;
    if (size > this.#bytesMax) {
      const found = `a message of ${size} bytes or more`;
      throw new AmqpError(
        'link:message-size-exceeded',
        `${found} is larger than the maximum of ${this.#bytesMax}`,
        { scope: 'link' },
      );
    }
    const isLast = transfer.more !== true;
    message.add(bytes, at, end, isLast);
    if (isLast) this.#complete(delivery);
    else this.#keep(delivery, end - at);
  }

  #begin({ deliveryId, tagBytes, messageFormat = 0 }: ReceivedTransfer): IncomingDelivery {
    if (deliveryId === undefined || tagBytes === undefined) {
      throw decodeError('the first transfer of a delivery has no delivery-id or no delivery-tag');
    }
    if (tagBytes > tagBytesMax) {
      throw decodeError(`a delivery-tag of ${tagBytes} bytes; ${tagBytesMax} are allowed`);
    }
    if (this.#creditLeft === 0) {
      throw new AmqpError('link:transfer-limit-exceeded', 'a transfer without credit', {
        scope: 'link',
      });
    }
    this.#creditLeft--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    return { deliveryId, messageFormat, isSettled: false, state: undefined };
  }

  /** Keeps a delivery of which more transfers follow. */
  #keep(delivery: IncomingDelivery, size: number): void {
    this.#delivery = delivery;
    const { host } = this.session;
    const { bodyBytesMax, unfinishedBytesMax } = host.broker.limits;
    host.held.unfinishedBytes += size;
    this.#keptBytes += size;
    const allowed = bodyBytesMax + unfinishedBytesMax;
    if (host.held.unfinishedBytes <= allowed) return;
    const found = `${host.held.unfinishedBytes} bytes of incomplete messages`;
    throw new AmqpError('resource-limit-exceeded', `${found}; at most ${allowed} are allowed`);
  }

  #complete(delivery: IncomingDelivery): void {
    try {
      this.received(delivery);
    } catch (thrown) {
      this.refuse(delivery, thrown);
    } finally {
      this.#end();
    }
    this.grantAgain();
  }

  /** Rejects a delivery. A settled one is dropped, as the peer does not expect an answer. */
  protected refuse({ deliveryId, isSettled, state }: IncomingDelivery, thrown: unknown): void {
    const error = toAmqpError(thrown, 'link');
    if (error.scope !== 'link') throw thrown;
    if (isSettled) return;
    const rejected: Composite = { code: compositeCodes.rejected, error: errorOf(error) };
    this.session.confirms.settle(deliveryId, within(state, rejected));
  }

  /** The delivery has ended. */
  #end(): void {
    this.session.host.held.unfinishedBytes -= this.#keptBytes;
    this.#keptBytes = 0;
    this.#delivery = undefined;
    this.message.clear();
  }

  override release(): Iterable<void> {
    this.isOver = true;
    this.#reached?.delete(this);
    this.#end();
    return [];
  }
}

/** The error of a link or session as it is sent. */
export function errorOf({ condition, text, info }: AmqpError): Composite {
  return { code: compositeCodes.error, condition, description: text, info };
}

/** Returns an outcome as part of the transaction of a delivery, if it belongs to one (4.4.2). */
export function within(state: Composite | undefined, outcome: Composite): Composite {
  if (state?.code !== compositeCodes.transactionalState) return outcome;
  return { ...state, outcome };
}

/** Transfers of the same delivery have the same id, or none (2.6.14). */
function requireSame({ deliveryId }: ReceivedTransfer, delivery: IncomingDelivery): void {
  if (deliveryId === undefined || deliveryId === delivery.deliveryId) return;
  const found = `a transfer of delivery ${deliveryId}`;
  throw new AmqpError('not-allowed', `${found} before delivery ${delivery.deliveryId} is complete`);
}
