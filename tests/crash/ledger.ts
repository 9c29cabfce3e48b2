/** An acknowledgement counts once the broker has had it for so long before it is killed. */
const graceMs = 1000;

/**
 * Where a message stands: behind all of earlier eras, and behind those before it in its own line.
 */
interface Place {
  readonly era: number;
  readonly line: number;
  readonly seq: number;
}

/**
 * What a client did to a message that it was delivered, and what it knows the broker knows of it.
 */
export interface Settlement {
  readonly kind: 'ack' | 'reject';
  readonly place: Place;
  /** Whether a message that was published after it, on the same connection, was confirmed. */
  isBeforeConfirm: boolean;
  /** When something was answered that was asked after it on the same connection. */
  heardAtMs: number;
}

/** A unit that is completed as a whole or not at all. */
export interface Transaction {
  state: 'open' | 'asked' | 'committed' | 'rolled-back';
  readonly published: Message[];
}

/** A message as its publisher knows it; one for each queue that was to take it. */
export interface Message {
  readonly id: string;
  readonly sizeBytes: number;
  queue: string;
  place: Place;
  isConfirmed: boolean;
  settlement: Settlement | undefined;
  publishedIn: Transaction | undefined;
  takenIn: Transaction | undefined;
}

/** A message that a queue was found to hold. */
export interface Found {
  readonly id: string;
  readonly body: Buffer;
}

/** A broken promise. */
export interface Finding {
  readonly kind:
    | 'lost'
    | 'came back'
    | 'unknown'
    | 'altered'
    | 'out of order'
    | 'half a transaction'
    | 'half dead lettered'
    | 'disconnected'
    | 'check failed';
  readonly text: string;
}

const nowhere = 'nowhere';

/** The body of a message: tells its id, and whether all of it is there. */
export function bodyOf({ id, sizeBytes }: Pick<Message, 'id' | 'sizeBytes'>): Buffer {
  return Buffer.alloc(sizeBytes, `${id} `);
}

/** The id that a body tells. */
export function idOf(body: Buffer): string {
  return body.toString('latin1', 0, Math.max(0, body.indexOf(' ')));
}

/** What clients of a broker know that its queues must, may and must not hold. */
export class Ledger {
  /** The counts by kind since the start. */
  readonly counts = { published: 0, confirmed: 0, delivered: 0, settled: 0, transactions: 0 };
  readonly findings: Finding[] = [];
  readonly #deadLettersOf: ReadonlyMap<string, string>;
  #messages = new Map<string, Message>();
  #era = 0;

  /** @param deadLettersOf by queue, where what is rejected goes */
  constructor(deadLettersOf: ReadonlyMap<string, string>) {
    this.#deadLettersOf = deadLettersOf;
  }

  get messageCount(): number {
    return this.#messages.size;
  }

  /** Everything from now on comes after everything before. */
  beginEra(): void {
    this.#era++;
  }

  /**
   * Notes a message before it is published, once for every queue that is to take it.
   *
   * @param line whose messages keep their order
   * @param seq above that of the line's message before
   */
  publish(
    queues: readonly string[],
    line: number,
    seq: number,
    sizeBytes: number,
    publishedIn?: Transaction,
  ): Message[] {
    this.counts.published++;
    const place = { era: this.#era, line, seq };
    const id = `${this.#era}.${line}.${seq}`;
    const rest = { isConfirmed: false, settlement: undefined, takenIn: undefined };
    return queues.map((queue) => {
      const size = Math.max(sizeBytes, id.length + 1);
      const message: Message = { id, sizeBytes: size, queue, place, publishedIn, ...rest };
      this.#messages.set(key(queue, id), message);
      publishedIn?.published.push(message);
      return message;
    });
  }

  confirmed(messages: readonly Message[]): void {
    this.counts.confirmed++;
    for (const message of messages) message.isConfirmed = true;
  }

  /** The message that was delivered; undefined, and noted, where it should not have been. */
  delivered(queue: string, body: Buffer): Message | undefined {
    this.counts.delivered++;
    const message = this.#messages.get(key(queue, idOf(body)));
    if (message === undefined) {
      this.#find('unknown', `${queue} delivered ${idOf(body)}`);
    } else if (message.settlement !== undefined || message.takenIn?.state === 'committed') {
      this.#find('came back', `${queue} delivered ${message.id} again after it was settled`);
    } else if (!bodyOf(message).equals(body)) {
      this.#find('altered', `${queue} delivered ${message.id} otherwise than it was published`);
    }
    return message;
  }

  /** Notes a settlement before it is sent. */
  settle(message: Message, kind: Settlement['kind'], line: number, seq: number): Settlement {
    this.counts.settled++;
    const place = { era: this.#era, line, seq };
    const settlement = { kind, place, isBeforeConfirm: false, heardAtMs: Infinity };
    message.settlement = settlement;
    return settlement;
  }

  /** Notes that a connection ended before anything was killed. */
  disconnected(who: string, reason: string): void {
    this.#find('disconnected', `${who}: ${reason}`);
  }

  /** Notes what `waxwing check` said. */
  checkFailed(text: string): void {
    this.#find('check failed', text);
  }

  #find(kind: Finding['kind'], text: string): void {
    this.findings.push({ kind, text });
  }

  /**
   * Holds what all queues were found to contain after a kill against what was promised; from then
   * on what was found is what is there.
   *
   * @param found by queue, in order
   */
  verify(found: ReadonlyMap<string, readonly Found[]>, killedAtMs: number): void {
    const places = new Map<Message, string>();
    const there = new Map<string, Message>();
    for (const [queue, list] of found) this.#verifyQueue(queue, list, places);
    for (const message of this.#messages.values()) {
      this.#verifyMessage(message, places, killedAtMs);
    }
    for (const [message, queue] of places) {
      if (message.queue !== queue && message.settlement) message.place = message.settlement.place;
      message.queue = queue;
      message.isConfirmed = true;
      message.settlement = undefined;
      message.publishedIn = undefined;
      message.takenIn = undefined;
      there.set(key(queue, message.id), message);
    }
    this.#messages = there;
  }

  /** Notes that a queue was emptied. */
  emptied(queue: string): void {
    for (const [at, message] of this.#messages) {
      if (message.queue === queue) this.#messages.delete(at);
    }
  }

  /**
   * Forgets what was settled; where it came back it would be unknown. For loads that are never
   * killed.
   */
  forgetSettled(): void {
    for (const [at, { settlement, takenIn }] of this.#messages) {
      if (settlement !== undefined || takenIn?.state === 'committed') this.#messages.delete(at);
    }
  }

  #verifyQueue(queue: string, list: readonly Found[], places: Map<Message, string>): void {
    const order = new Order();
    for (const { id, body } of list) {
      const message = this.#lookUp(queue, id);
      if (message === undefined) {
        this.#find('unknown', `${queue} holds ${id}`);
        continue;
      }
      if (!bodyOf(message).equals(body)) this.#find('altered', `${queue} holds ${id} altered`);
      const before = places.get(message);
      if (before !== undefined) {
        const kind = before === queue ? 'came back' : 'half dead lettered';
        this.#find(kind, `${id} is in ${before} and in ${queue}`);
      }
      places.set(message, queue);
      const place = message.queue === queue ? message.place : message.settlement?.place;
      if (place === undefined || order.follows(place)) continue;
      this.#find('out of order', `${queue} holds ${id} behind what came after it`);
    }
  }

  /** The queue of the message: this one, or one whose dead letters go to it. */
  #lookUp(queue: string, id: string): Message | undefined {
    const own = this.#messages.get(key(queue, id));
    if (own !== undefined) return own;
    for (const [source, dead] of this.#deadLettersOf) {
      const message = dead === queue ? this.#messages.get(key(source, id)) : undefined;
      if (message?.settlement?.kind === 'reject') return message;
    }
    return undefined;
  }

  #verifyMessage(message: Message, places: ReadonlyMap<Message, string>, killedAtMs: number): void {
    const at = places.get(message) ?? nowhere;
    const allowed = this.#allowed(message, places, killedAtMs);
    if (allowed.includes(at)) return;
    const { id, queue, settlement } = message;
    const isPart = [message.publishedIn, message.takenIn].some((of) => of?.state === 'asked');
    let kind: Finding['kind'] = at === nowhere ? 'lost' : 'came back';
    if (settlement?.kind === 'reject') kind = 'half dead lettered';
    if (isPart) kind = 'half a transaction';
    this.#find(kind, `${id} of ${queue} is ${at}; allowed is ${allowed.join(' or ')}`);
  }

  /** The possible positions of a message. */
  #allowed(
    message: Message,
    places: ReadonlyMap<Message, string>,
    killedAtMs: number,
  ): readonly string[] {
    const { queue, publishedIn, takenIn, settlement } = message;
    const hasHappened = ({ state, published }: Transaction) =>
      state === 'committed' || (state === 'asked' && published.some((each) => places.has(each)));
    if (publishedIn !== undefined && !hasHappened(publishedIn)) return [nowhere];
    if (takenIn !== undefined && hasHappened(takenIn)) return [nowhere];
    const mayBeLost = !message.isConfirmed && publishedIn === undefined;
    const unsettled = mayBeLost ? [queue, nowhere] : [queue];
    if (settlement === undefined) return unsettled;
    const isSure = settlement.isBeforeConfirm || settlement.heardAtMs < killedAtMs - graceMs;
    if (settlement.kind === 'ack') return isSure ? [nowhere] : [...unsettled, nowhere];
    const dead = this.#deadLettersOf.get(queue) ?? nowhere;
    if (!isSure) return [...unsettled, dead];
    return mayBeLost ? [dead, nowhere] : [dead];
  }
}

/** The order that one queue must have. */
class Order {
  #era = 0;
  /** The last of each line; all of one era. */
  #last = new Map<number, number>();

  /** Whether the next message may stand behind those before. */
  follows({ era, line, seq }: Place): boolean {
    if (era > this.#era) this.#last = new Map();
    const isBehind = era >= this.#era && seq > (this.#last.get(line) ?? -1);
    this.#era = Math.max(era, this.#era);
    this.#last.set(line, seq);
    return isBehind;
  }
}

function key(queue: string, id: string): string {
  return `${queue} ${id}`;
}
