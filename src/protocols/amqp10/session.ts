// Sessions: windows, links, and unsettled deliveries (2.5).

import { assert } from '../../base/assert.ts';
import type { Delivery } from '../../broker/subscription.ts';
import { WakeRound } from '../../broker/turns/wake-round.ts';
import {
  type Begin,
  type Composite,
  compositeCodes,
  type Disposition,
  type Flow,
} from './codec/performatives.gen.ts';
import { type ReceivedTransfer, receivedTransfer } from './codec/transfer-reader.ts';
import { Confirms } from './confirms.ts';
import { settleRange } from './dispositions.ts';
import { AmqpError, toAmqpError } from './errors.ts';
import type { AmqpHost } from './host.ts';
import { framesPerTurnMax, handleCountMax, handleMax, incomingWindow } from './limits.ts';
import { attach } from './links/attaching.ts';
import type { Flight } from './links/flight.ts';
import { Flights } from './links/flights.ts';
import type { Ending, Link } from './links/link.ts';
import { errorOf } from './links/receiving-link.ts';
import type { SendingLink } from './links/sending-link.ts';
import {
  type PartialTransfer,
  wholeTransfer,
  writeMessage,
  writeRest,
} from './messages/outgoing-transfer.ts';

/** The fields of a flow that belong to a link. */
export type LinkFlow = Pick<
  Flow,
  'handle' | 'deliveryCount' | 'linkCredit' | 'available' | 'drain'
>;

/** A session of a connection. Both ends use the same channel number. */
export class Session {
  readonly host: AmqpHost;
  readonly channel: number;
  readonly confirms: Confirms;
  /** Whether the broker has ended the session. Only the end of the peer is still expected. */
  isOver = false;
  readonly #links = new Map<number, Link>();
  /** All unsettled deliveries. */
  readonly unsettled = new Flights();
  #nextIncomingId: number;
  /** Number of transfers that the peer may send before the next flow. */
  #incomingLeft = incomingWindow;
  #nextOutgoingId = 0;
  /** Number of transfers that the peer accepts. */
  #outgoingLeft: number;
  /** The last statement of the peer about its window for sending. */
  #peerWindow: number;
  #nextDeliveryId = 0;
  /** The message whose other frames wait for the window, and its link. */
  #partial: { readonly link: Link; readonly rest: PartialTransfer } | undefined = undefined;
  /** Whether it is continued in the next turn. */
  #isContinued = false;
  readonly #round: WakeRound;

  constructor(host: AmqpHost, channel: number, begin: Begin) {
    this.host = host;
    this.channel = channel;
    this.#nextIncomingId = begin.nextOutgoingId;
    this.#outgoingLeft = begin.incomingWindow;
    this.#peerWindow = begin.outgoingWindow;
    this.#round = new WakeRound(host.broker.background, () => this.#links.values());
    this.confirms = new Confirms(host, (first, last, state) =>
      this.#write({
        code: compositeCodes.disposition,
        role: true,
        first,
        last: last === first ? undefined : last,
        settled: true,
        state,
      }),
    );
    this.#write({
      code: compositeCodes.begin,
      remoteChannel: channel,
      nextOutgoingId: this.#nextOutgoingId,
      incomingWindow,
      outgoingWindow: 0x7fff_ffff,
      handleMax,
    });
  }

  #write(composite: Composite): void {
    this.host.frames.write(this.channel, composite);
  }

  /** Whether the session permits to send a message. */
  get canTransfer(): boolean {
    const isOpen = !this.isOver && this.#partial === undefined;
    return isOpen && this.#outgoingLeft > 0 && this.host.takesDeliveries;
  }

  /** Whether the session permits to send a message that is no delivery of a queue. */
  get canWrite(): boolean {
    const isOpen = !this.isOver && this.#partial === undefined;
    return isOpen && this.#outgoingLeft > 0 && this.host.outbox.isWritable;
  }

  get links(): Iterable<Link> {
    return this.#links.values();
  }

  /** The windows of the session, for administration. */
  get windows() {
    return {
      nextIncomingId: this.#nextIncomingId,
      incomingWindow: this.#incomingLeft,
      nextOutgoingId: this.#nextOutgoingId,
      peerIncomingWindow: this.#outgoingLeft,
      peerOutgoingWindow: this.#peerWindow,
    };
  }

  /** Handles a frame; its payload is between two offsets. */
  handle(frame: Composite, bytes: Buffer, at: number, end: number): void {
    const handle = 'handle' in frame ? frame.handle : undefined;
    this.attempt(handle, () => this.#handle(frame, bytes, at, end));
  }

  /**
   * Does something for the peer. An error ends what its scope says.
   *
   * @param handle the link that it is about, if any
   */
  attempt(handle: number | undefined, act: () => void): void {
    if (this.isOver) return;
    try {
      act();
    } catch (thrown) {
      this.#failed(handle, thrown);
    }
  }

  #failed(handle: number | undefined, thrown: unknown): void {
    const error = toAmqpError(thrown, 'session');
    if (error.scope === 'session') this.fail(error);
    else if (error.scope === 'link' && handle !== undefined) {
      const link = this.#links.get(handle);
      assert(link !== undefined, 'an error of a link that does not exist');
      link.fail(error);
    } else throw thrown;
  }

  /** Handles a transfer; its payload is between two offsets. */
  handleTransfer(transfer: ReceivedTransfer, bytes: Buffer, at: number, end: number): void {
    if (this.isOver) return;
    try {
      this.#transfer(transfer, bytes, at, end);
    } catch (thrown) {
      this.#failed(transfer.handle, thrown);
    }
  }

  #handle(frame: Composite, bytes: Buffer, at: number, end: number): void {
    switch (frame.code) {
      case compositeCodes.transfer:
        this.#transfer(receivedTransfer(frame), bytes, at, end);
        return;
      case compositeCodes.disposition:
        this.#disposition(frame);
        return;
      case compositeCodes.flow:
        this.#flow(frame);
        return;
      case compositeCodes.attach:
        // Messages sent before this frame are dispatched to the previous consumers first.
        this.host.broker.pump();
        attach(this, frame);
        return;
      case compositeCodes.detach:
        this.#detach(frame.handle, frame.closed === true);
        return;
      default:
        throw new AmqpError('not-allowed', 'the frame is not permitted in a session');
    }
  }

  /** Returns the link with a handle. */
  #link(handle: number): Link {
    const link = this.#links.get(handle);
    if (link !== undefined) return link;
    throw new AmqpError('session:unattached-handle', `no link has the handle ${handle}`, {
      scope: 'session',
    });
  }

  /** @throws {AmqpError} `session:handle-in-use`, or `not-allowed` if it is above the maximum */
  requireFree(handle: number): void {
    if (handle > handleMax) {
      const why = `handle ${handle} is above the maximum of ${handleMax}`;
      throw new AmqpError('not-allowed', why, { scope: 'session' });
    }
    if (!this.#links.has(handle)) return;
    throw new AmqpError('session:handle-in-use', `handle ${handle} is in use`, {
      scope: 'session',
    });
  }

  /** @throws {AmqpError} `resource-limit-exceeded` if the connection has too many handles */
  add(link: Link): void {
    const { held } = this.host;
    this.#links.set(link.handle, link);
    if (++held.handleCount <= handleCountMax) return;
    const why = `more than ${handleCountMax} handles of one connection`;
    throw new AmqpError('resource-limit-exceeded', why);
  }

  #transfer(frame: ReceivedTransfer, bytes: Buffer, at: number, end: number): void {
    if (this.#incomingLeft === 0) {
      throw new AmqpError('session:window-violation', 'a transfer exceeds the window', {
        scope: 'session',
      });
    }
    this.#incomingLeft--;
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0;
    if (this.#incomingLeft < incomingWindow / 2) this.writeFlow();
    const link = this.#link(frame.handle);
    if (!link.isOver) link.transfer(frame, bytes, at, end);
  }

  #flow(frame: Flow): void {
    // What the peer had not received when it sent the flow has used up the window.
    const underWay = (this.#nextOutgoingId - (frame.nextIncomingId ?? 0)) | 0;
    const wasOpen = this.canTransfer;
    const wasPartial = this.#partial !== undefined;
    this.#outgoingLeft = Math.max(0, frame.incomingWindow - underWay);
    this.#peerWindow = frame.outgoingWindow;
    this.#writePartial();
    if (frame.handle !== undefined) {
      const link = this.#link(frame.handle);
      if (!link.isOver) link.flow(frame);
    } else if (frame.echo === true) this.writeFlow();
    if (wasPartial && this.#partial === undefined) this.host.wake();
    // A flow of one link must not cost a visit of all.
    else if (!wasOpen) this.#wake();
  }

  /** Deliveries are possible again. */
  #wake(): void {
    if (this.canTransfer) this.#round.start(this.#links.size);
  }

  /** Writes further frames of the message that is written in part. */
  #writePartial(): void {
    const partial = this.#partial;
    if (partial === undefined || this.#outgoingLeft === 0 || !this.host.outbox.isWritable) return;
    const { rest } = partial;
    const before = rest.at;
    const count = writeRest(this.host, rest, Math.min(this.#outgoingLeft, framesPerTurnMax));
    this.host.held.waitingBytes -= rest.at - before;
    this.#sent(count);
    if (rest.at === rest.sizeBytes) this.#partial = undefined;
    else this.#continueLater();
  }

  /** The window and the transport may permit further frames of a message in the next turn. */
  #continueLater(): void {
    if (this.#outgoingLeft === 0 || this.#isContinued) return;
    this.#isContinued = true;
    const { host } = this;
    host.broker.background.runLater([], () => {
      this.#isContinued = false;
      this.continuePartial();
      host.requestFlush();
    });
  }

  /** The transport accepts more data: continues a message. */
  continuePartial(): void {
    if (this.#partial === undefined || this.isOver) return;
    this.host.guarded(() => {
      this.#writePartial();
      // The message may have kept back those of other sessions.
      if (this.#partial === undefined) this.host.wake();
    })();
  }

  #sent(frameCount: number): void {
    this.#outgoingLeft -= frameCount;
    this.#nextOutgoingId = (this.#nextOutgoingId + frameCount) >>> 0;
  }

  /** Writes a message to the peer. Returns the id of the delivery. */
  writeTransfer(link: SendingLink, delivery: Delivery, isSettled: boolean): number {
    const { host, channel } = this;
    const deliveryId = this.#nextDeliveryId;
    this.#nextDeliveryId = (deliveryId + 1) >>> 0;
    const fields = { channel, handle: link.handle, deliveryId, messageFormat: 0, isSettled };
    const nowMs = host.broker.nowMs();
    const window = Math.min(this.#outgoingLeft, framesPerTurnMax);
    const { heads } = link;
    const { frameCount, rest } = writeMessage(host, fields, delivery, heads, nowMs, window);
    this.#sent(frameCount);
    if (rest !== undefined) this.#keepPartial(link, rest);
    return deliveryId;
  }

  /** Writes a settled message to the peer that is complete in one buffer. */
  writePayload(link: Link, bytes: Buffer): void {
    const { host, channel } = this;
    const deliveryId = this.#nextDeliveryId;
    this.#nextDeliveryId = (deliveryId + 1) >>> 0;
    const { handle } = link;
    const fields = { channel, handle, deliveryId, messageFormat: 0, isSettled: true };
    const rest = wholeTransfer(fields, bytes);
    this.#sent(writeRest(host, rest, Math.min(this.#outgoingLeft, framesPerTurnMax)));
    if (rest.at < rest.sizeBytes) this.#keepPartial(link, rest);
  }

  #keepPartial(link: Link, rest: PartialTransfer): void {
    this.#partial = { link, rest };
    this.host.held.waitingBytes += rest.sizeBytes - rest.at;
    this.#continueLater();
  }

  /** A link ends: the rest of its message is not sent. */
  abandon(link: Link): void {
    const partial = this.#partial;
    if (partial?.link !== link) return;
    this.host.held.waitingBytes -= partial.rest.sizeBytes - partial.rest.at;
    this.#partial = undefined;
  }

  /** Keeps an unsettled delivery. */
  keep(flight: Flight): void {
    this.unsettled.add(flight);
    this.host.held.unsettledCount++;
  }

  /** Removes a settled delivery. */
  forget(flight: Flight): void {
    if (this.unsettled.remove(flight)) this.host.held.unsettledCount--;
  }

  /** Tells the peer that deliveries are settled that it accepted without settling them. */
  writeSettled(first: number, last = first, state: Composite = accepted): void {
    if (this.isOver) return;
    this.#write({
      code: compositeCodes.disposition,
      role: false,
      first,
      last: last === first ? undefined : last,
      settled: true,
      state,
    });
  }

  /** Writes a flow with the state of the session, and of a link if one is given. */
  writeFlow(link: Partial<LinkFlow> = {}): void {
    if (this.isOver) return;
    this.#incomingLeft = incomingWindow;
    this.#write({
      code: compositeCodes.flow,
      nextIncomingId: this.#nextIncomingId,
      incomingWindow,
      nextOutgoingId: this.#nextOutgoingId,
      outgoingWindow: 0x7fff_ffff,
      ...link,
    });
  }

  #disposition(frame: Disposition): void {
    // Dispositions of a sender are about deliveries to the broker, which it has settled itself.
    if (frame.role) settleRange(this, frame);
  }

  #detach(handle: number, isClosed: boolean): void {
    const link = this.#link(handle);
    this.#links.delete(handle);
    this.host.held.handleCount--;
    this.host.links.remove(link);
    if (link.isOver) return; // this is the answer to the broker's detach
    const ending: Ending = isClosed ? 'closed' : 'detached';
    const done = this.host.guarded(() => this.#detached(link, ending));
    this.host.gate.finishFirst(link.release(ending), done);
  }

  #detached(link: Link, ending: Ending): void {
    const { answers, broker } = this.host;
    let error: AmqpError | undefined;
    try {
      link.closed(ending);
    } catch (thrown) {
      error = toAmqpError(thrown, 'link');
      if (error.scope !== 'link') throw thrown;
    }
    const isDeleted = link.isDurable && ending === 'closed';
    answers.say(isDeleted ? broker.store.definedGroup : 0, () =>
      this.writeDetach(link.handle, ending === 'closed', error),
    );
  }

  /** Writes a detach. */
  writeDetach(handle: number, closed: boolean, error?: AmqpError): void {
    if (this.isOver) return;
    this.#write({
      code: compositeCodes.detach,
      handle,
      closed,
      error: error === undefined ? undefined : errorOf(error),
    });
  }

  /** Ends the session with an error. */
  fail(error: AmqpError): void {
    if (this.isOver) return;
    this.host.broker.background.run(this.releaseAll('lost'));
    this.#write({ code: compositeCodes.end, error: errorOf(error) });
    this.isOver = true;
  }

  /** Writes the answer to the end of the peer. */
  writeEnd(): void {
    if (!this.isOver) this.#write({ code: compositeCodes.end });
    this.isOver = true;
  }

  /** Releases all links, in steps. */
  *releaseAll(ending: Ending): Generator<void> {
    const links = [...this.#links.values()];
    this.host.held.handleCount -= links.length;
    this.#links.clear();
    this.confirms.drop();
    for (const link of links) {
      const wasOver = link.isOver;
      link.isOver = true;
      this.host.links.remove(link);
      if (wasOver) continue;
      yield* link.release(ending);
      link.closed(ending);
      yield;
    }
  }
}

const accepted: Composite = { code: compositeCodes.accepted };
