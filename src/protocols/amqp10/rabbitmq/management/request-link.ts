// Links on which the peer sends requests to the management node.

import type { Attach } from '../../codec/performatives.gen.ts';
import { type IncomingDelivery, ReceivingLink } from '../../links/receiving-link.ts';
import type { Session } from '../../session.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { sessionError } from '../refusals.ts';
import { perform } from './operations.ts';
import type { ManagementPair } from './pairs.ts';
import { type Request, readRequest } from './request.ts';
import { encodeResponse } from './response.ts';
import type { ResponseLink } from './response-link.ts';

/** Maximum size of a request, in bytes. */
export const requestBytesMax: number = 64 * 1024;

/** Number of requests that a peer may send at once, and from which no more are accepted without responses. */
const requestCountMax = 8;

/** A link on which the peer sends requests, which are settled. */
export class RequestLink extends ReceivingLink {
  readonly #own: RabbitMqConnection;
  readonly #pair: ManagementPair;

  constructor(own: RabbitMqConnection, session: Session, attach: Attach, pair: ManagementPair) {
    const { rules } = own.core;
    super(session, attach, { dynamic: undefined, bytesMax: requestBytesMax, rules });
    this.creditMax = requestCountMax;
    this.#own = own;
    this.#pair = pair;
  }

  protected override received(delivery: IncomingDelivery): void {
    const { response: to } = this.#pair;
    if (to === undefined) {
      const why = 'received transfer on half open management link pair';
      throw sessionError('precondition-failed', why);
    }
    if (!delivery.isSettled) {
      throw sessionError('invalid-field', 'a management request is not sent settled');
    }
    to.requireCredit();
    const { host } = this.session;
    this.message.complete(0, host.broker.nowMs(), false);
    const request = readRequest(this.message.publication);
    const act = () => this.#perform(request, to);
    host.decisions.perform(() => this.session.attempt(this.handle, act));
  }

  #perform(request: Request, to: ResponseLink): void {
    if (this.isOver) return;
    const { host } = this.session;
    const { store } = host.broker;
    const definedBefore = store.definedGroup;
    perform(this.#own, request, (response) => {
      const bytes = encodeResponse(request, response);
      const { definedGroup } = store;
      // The answer states what is on disk. Several definitions can be in one group.
      const group = definedGroup === definedBefore && !response.isChange ? 0 : definedGroup;
      host.answers.say(group, () => to.respond(bytes), bytes.length);
    });
  }

  /** A peer that does not take the responses can send no further requests. */
  protected override get mayGrant(): boolean {
    const waitingCount = this.#pair.response?.promisedCount ?? 0;
    return super.mayGrant && waitingCount < requestCountMax;
  }

  /** A response was sent. */
  responded(): void {
    this.grantAgain();
  }

  override closed(): void {
    this.#own.pairs.remove(this);
  }
}
