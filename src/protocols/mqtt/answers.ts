// Answers to packets, which may have to wait for the log.

import type { Broker } from '../../broker/broker.ts';
import type { LogWaiter } from '../../broker/flow/log-waiters.ts';
import type { PeerOutbox } from '../peer-outbox.ts';
import { packetTypes } from './codec/packets.ts';

const pubackFirst = packetTypes.puback << 4;

/** Memory that a waiting answer is counted with besides its packet, in bytes. */
const answerBytes = 48;

/** Answered answers that are removed from the lists at once. */
const forgottenCountMin = 1024;

/** A packet other than an acknowledgement. */
interface Packet {
  readonly bytes: Buffer | undefined;
  readonly said: (() => void) | undefined;
}

/** The operations of the connection that are needed here. */
export interface AnswersHost {
  readonly broker: Broker;
  readonly outbox: PeerOutbox;
  /** An operation failed outside the handling of a packet. */
  failed(thrown: unknown): void;
  /** The number of waiting answers has changed. */
  setReading(): void;
  /** So few answers wait now that deliveries are possible again. */
  uncrowded(): void;
}

/**
 * Acknowledgements and other answers, in the order of the packets that they answer. [MQTT-4.6.0-2]
 * [MQTT-4.6.0-3] [MQTT-4.6.0-4] An acknowledgement takes no object.
 */
export class Answers implements LogWaiter {
  isAwaitingLog = false;
  /** Size of the waiting answers, in bytes. */
  heldBytes = 0;
  /** Number of waiting PUBACK packets. */
  publishCount = 0;
  readonly #host: AnswersHost;
  /** The group of each answer. */
  #groups: number[] = [];
  /** The id of an acknowledgement, its reason code and first byte; -1 for other packets. */
  #words: number[] = [];
  #packets: (Packet | undefined)[] = [];
  #first = 0;

  constructor(host: AnswersHost) {
    this.#host = host;
  }

  /** Whether any answer waits for the log. */
  get isWaiting(): boolean {
    return this.#groups.length > this.#first;
  }

  /**
   * Sends an acknowledgement (PUBACK, PUBREC, PUBREL, PUBCOMP) after a group is on disk and after all
   * earlier answers.
   *
   * @param first the first byte of the packet
   * @param reason 0 for clients before MQTT 5
   * @param group 0 if no group must be on disk
   */
  acknowledge(first: number, id: number, reason: number, group: number): void {
    if (!this.isWaiting && group <= this.#host.broker.durableGroup) {
      this.#write(first, id, reason);
      return;
    }
    if (first === pubackFirst) this.publishCount++;
    this.#wait(group, (first * 256 + reason) * 65_536 + id, undefined, 0);
  }

  /**
   * Sends a packet, with the same conditions.
   *
   * @param said called after the packet has been written
   */
  say(group: number, bytes: Buffer | undefined, said?: () => void): void {
    if (!this.isWaiting && group <= this.#host.broker.durableGroup) {
      this.#writePacket({ bytes, said });
      return;
    }
    this.#wait(group, -1, { bytes, said }, bytes?.length ?? 0);
  }

  #wait(group: number, word: number, packet: Packet | undefined, sizeBytes: number): void {
    this.#groups.push(group);
    this.#words.push(word);
    this.#packets.push(packet);
    this.heldBytes += answerBytes + sizeBytes;
    this.#host.broker.logWaiters.add(this);
  }

  #write(first: number, id: number, reason: number): void {
    const { outbox } = this.#host;
    const size = reason === 0 ? 2 : 3;
    const at = outbox.claim(2 + size);
    const { bytes } = outbox;
    bytes[at] = first;
    bytes[at + 1] = size;
    bytes[at + 2] = id >>> 8;
    bytes[at + 3] = id;
    if (size === 3) bytes[at + 4] = reason;
  }

  #writePacket({ bytes, said }: Packet): void {
    if (bytes !== undefined) this.#host.outbox.append(bytes, 0, bytes.length);
    said?.();
  }

  durable(group: number): void {
    const { log } = this.#host.broker.store;
    // Nothing is waiting to be written, so that no later group is coming.
    const { heldBytesMax } = this.#host.broker.limits;
    const wasCrowded = this.heldBytes > heldBytesMax;
    const until = log.pendingBytes === 0 ? log.openGroup : group;
    try {
      while (this.isWaiting && (this.#groups[this.#first] ?? 0) <= until) this.#sayFirst();
      this.#forgetSaid();
      if (this.isWaiting) this.#host.broker.logWaiters.add(this);
      this.#host.setReading();
      if (wasCrowded && this.heldBytes <= heldBytesMax) this.#host.uncrowded();
    } catch (thrown) {
      this.#host.failed(thrown);
    }
  }

  #sayFirst(): void {
    const at = this.#first++;
    const word = this.#words[at] ?? 0;
    const packet = this.#packets[at];
    this.#packets[at] = undefined;
    this.heldBytes -= answerBytes + (packet?.bytes?.length ?? 0);
    if (packet !== undefined) this.#writePacket(packet);
    else {
      const head = Math.floor(word / 65_536);
      if (head >>> 8 === pubackFirst) this.publishCount--;
      this.#write(head >>> 8, word % 65_536, head & 255);
    }
  }

  #forgetSaid(): void {
    if (this.#first < this.#groups.length && this.#first < forgottenCountMin) return;
    this.#groups = this.#groups.slice(this.#first);
    this.#words = this.#words.slice(this.#first);
    this.#packets = this.#packets.slice(this.#first);
    this.#first = 0;
  }

  /** Discards all waiting answers. */
  drop(): void {
    this.#groups = [];
    this.#words = [];
    this.#packets = [];
    this.#first = 0;
    this.heldBytes = 0;
    this.publishCount = 0;
  }
}
