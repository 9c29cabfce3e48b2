// Links on which the management node answers requests.

import type { Attach, Flow } from '../../codec/performatives.gen.ts';
import { AmqpError } from '../../errors.ts';
import { Link } from '../../links/link.ts';
import type { Session } from '../../session.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { linkError, sessionError } from '../refusals.ts';
import type { ManagementPair } from './pairs.ts';

/** A link on which responses are sent, settled. */
export class ResponseLink extends Link {
  readonly #own: RabbitMqConnection;
  readonly #pair: Pick<ManagementPair, 'request'>;
  /** Maximum size of a message that the peer accepts, in bytes. */
  readonly #bytesMax: number;
  /** Responses that wait for the window of the session or the transport. */
  readonly #waiting: Buffer[] = [];
  #credit = 0;
  /** Credit that requests which are being performed will use. */
  promisedCount = 0;
  #deliveryCount = 0;

  constructor(
    own: RabbitMqConnection,
    session: Session,
    attach: Attach,
    pair: Pick<ManagementPair, 'request'>,
  ) {
    super(session, attach, undefined);
    this.#own = own;
    this.#pair = pair;
    this.#bytesMax = Number(attach.maxMessageSize ?? 0n) || Infinity;
  }

  /** For administration. */
  get counts() {
    return {
      deliveryCount: this.#deliveryCount,
      credit: this.#credit,
      bytesMax: this.#bytesMax,
    };
  }

  /**
   * Reserves credit for a response.
   *
   * @throws {AmqpError} `precondition-failed` with scope `session` if the peer has granted none
   */
  requireCredit(): void {
    if (this.#credit > this.promisedCount) {
      this.promisedCount++;
      return;
    }
    const why = 'insufficient credit (0) for management link from RabbitMQ to client';
    throw sessionError('precondition-failed', why);
  }

  /** Sends a response, for which credit was reserved. */
  respond(bytes: Buffer): void {
    if (this.isOver) return;
    if (bytes.length > this.#bytesMax) {
      const found = `message size (${bytes.length} bytes)`;
      const why = `${found} > maximum message size (${this.#bytesMax} bytes)`;
      this.fail(linkError('link:message-size-exceeded', why));
      return;
    }
    this.#waiting.push(bytes);
    this.wake();
  }

  override begin(): void {}

  override wake(): void {
    while (this.#waiting.length > 0 && !this.isOver && this.session.canWrite) {
      const bytes = this.#waiting.shift() as Buffer; // there is at least one
      this.promisedCount--;
      this.#credit--;
      this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
      this.session.writePayload(this, bytes);
      this.#pair.request?.responded();
    }
  }

  override flow({ linkCredit, deliveryCount, drain, echo }: Flow): void {
    if (linkCredit !== undefined) {
      const underWay = (this.#deliveryCount - (deliveryCount ?? 0)) | 0;
      this.#credit = Math.max(this.promisedCount, linkCredit - underWay);
    }
    if (drain === true) {
      const unused = this.#credit - this.promisedCount;
      this.#deliveryCount = (this.#deliveryCount + unused) >>> 0;
      this.#credit = this.promisedCount;
    }
    if (drain !== true && echo !== true) return;
    this.session.writeFlow({
      handle: this.handle,
      deliveryCount: this.#deliveryCount,
      linkCredit: this.#credit,
      available: this.#waiting.length,
      drain: drain === true,
    });
  }

  override transfer(): void {
    throw new AmqpError('not-allowed', 'a transfer on a link on which the broker is the sender', {
      scope: 'link',
    });
  }

  override release(): Iterable<void> {
    this.isOver = true;
    this.#waiting.length = 0;
    this.session.abandon(this);
    return [];
  }

  override closed(): void {
    this.#own.pairs.remove(this);
  }
}
