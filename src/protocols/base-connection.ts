// What connections of AMQP 1.0, MQTT, OpenWire and STOMP have in common.

import type { Broker } from '../broker/broker.ts';
import type { PublisherListener } from '../broker/flow.ts';
import type { InputGate } from './input-gate.ts';
import { PeerOutbox } from './peer-outbox.ts';
import type { PeerWatch } from './peer-watch.ts';
import type { Connection, Transport } from './protocol.ts';
import type { SuspendableInput } from './suspendable-input.ts';

/** The state of a connection, as far as it is needed here. */
interface State {
  readonly name: string;
  readonly isOver: boolean;
  enter(to: 'closed'): void;
  isOverdue(nowMs: number): boolean;
}

/** What the heart-beats of a connection require at a tick. */
export type Due = 'nothing' | 'send' | 'end';

/**
 * A connection that gathers its output, holds back its input while an operation must finish first, and
 * limits what is held for its peer.
 */
export abstract class BaseConnection implements Connection, PublisherListener {
  readonly broker: Broker;
  readonly outbox: PeerOutbox;
  /** Bytes of the protocol, without TLS. */
  receivedBytes = 0;
  abstract readonly gate: InputGate;
  protected readonly transport: Transport;
  protected abstract readonly state: State;
  protected abstract readonly input: SuspendableInput;
  protected abstract readonly watch: PeerWatch;
  /** Anything was received since the last tick. */
  #hasReceived = false;
  #isPaused = false;
  /** The error of a delivery, until the end of the turn. */
  #bug: { readonly thrown: unknown } | undefined = undefined;

  constructor(transport: Transport, broker: Broker) {
    this.broker = broker;
    this.transport = transport;
    this.outbox = new PeerOutbox(transport, broker, () => this.wake());
  }

  get peerAddress(): string {
    return this.transport.peerAddress;
  }

  /** Whether answers wait for the log. */
  protected abstract get isWaiting(): boolean;

  /** Whether the client has logged in, so that what it has sent is handled also after its end. */
  protected abstract get isAgreed(): boolean;

  /** Ends the connection with an error for the client. */
  abstract failed(thrown: unknown): void;

  abstract shutdown(reason: string): void;

  /** The error of a peer that must be disconnected. */
  protected abstract closing(reason: string): Error;

  /** Deliveries are possible again: sends them. */
  protected abstract deliver(): void;

  protected abstract beat(nowMs: number, hasReceived: boolean): Due;

  /** Runs at the end of each tick. */
  protected abstract ticked(due: Due, nowMs: number): void;

  /** The peer has disconnected: nothing waits for it any longer, even while its input is handled. */
  protected gone(): void {}

  /** Ends a log-in that is being checked. */
  protected abstract abandon(): void;

  /** The connection was lost: drops its answers, and requeues everything. */
  protected abstract lost(): void;

  receive(bytes: Buffer): void {
    this.#hasReceived = true;
    this.receivedBytes += bytes.length;
    if (this.state.isOver) return;
    this.gate.beginPiece();
    try {
      this.input.receive(bytes);
    } catch (thrown) {
      this.failed(thrown);
    }
    this.received();
    this.setReading();
  }

  /**
   * Runs after received data has been handled: dispatches, and requests the sync that answers wait
   * for.
   */
  protected received(): void {
    this.broker.pump();
    if (!this.isWaiting) return;
    this.broker.store.log.sync();
    // After the sync request: a group that is written immediately is answered in the same turn.
    this.transport.requestFlush();
  }

  /** Reads from the peer unless the broker or the peer is behind. */
  setReading(): void {
    if (this.#isPaused || this.watch.isBehind || this.gate.isBusy) this.transport.pause();
    else this.transport.resume();
  }

  /** Stops reading and writing. */
  protected end(): void {
    if (this.state.name !== 'closed') this.state.enter('closed');
    this.input.stop();
    this.outbox.flush();
    this.transport.close();
  }

  /** A delivery has failed: its message stays in its queue, and the connection ends at the end of the turn. */
  deliveryFailed(thrown: unknown): void {
    this.broker.delivery.hasFailed = true;
    if (this.#bug !== undefined) return;
    this.#bug = { thrown };
    this.outbox.block();
    this.outbox.discard();
    this.transport.requestFlush();
  }

  protected reportBug(thrown: unknown): void {
    this.broker.internalError(thrown, this.peerAddress);
  }

  startedPublishing(): void {
    this.broker.flow.add(this);
  }

  blocked(): void {}

  unblocked(): void {}

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.setReading();
  }

  requestFlush(): void {
    this.transport.requestFlush();
  }

  writable(): void {
    if (this.#bug !== undefined) return;
    this.outbox.resume();
    this.wake();
  }

  /** Deliveries are possible again. */
  wake(): void {
    this.setReading();
    this.deliver();
    this.broker.pump();
  }

  tick(nowMs: number): void {
    if (this.state.isOverdue(nowMs)) this.overdue();
    this.setReading();
    const stuck = this.watch.tick(nowMs, this.#isPaused);
    if (stuck !== undefined) this.failed(this.closing(stuck));
    const isTaking = this.watch.isBehind && this.watch.isTaking;
    const hasReceived = this.#hasReceived || this.#isPaused || this.gate.isBusy || isTaking;
    const due = this.beat(nowMs, hasReceived);
    this.#hasReceived = false;
    this.outbox.hasWritten = false;
    this.ticked(due, nowMs);
  }

  /** The peer has not logged in, or not disconnected, in time. */
  protected overdue(): void {
    this.end();
  }

  flush(): void {
    if (this.#bug !== undefined) this.failed(this.#bug.thrown);
    else this.gather();
    this.outbox.flush();
  }

  /** Writes what was kept for the end of a turn. */
  protected gather(): void {}

  ended(): void {
    this.outbox.end();
    this.gone();
    if (this.gate.endsLater()) {
      this.abandon();
      if (this.isAgreed) return;
    }
    this.input.stop();
    this.lost();
    if (this.state.name !== 'closed') this.state.enter('closed');
    this.broker.pump();
  }
}
