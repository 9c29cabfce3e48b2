// Clients of AMQP 1.0 and 0-9-1 on one broker, and what they have seen as text.

import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import * as amqplib from 'amqplib';
import type { Connection, EventContext, Message, Receiver, Sender } from 'rhea';
import { connectRhea } from '../../support/rhea-client.ts';

/** Where a broker is. */
export interface Place {
  readonly port: number;
  /** PEM */
  readonly authority: string;
  readonly user: string;
  readonly password: string;
}

/** How long an answer may take. */
const answerMs = 5000;

/** A delivery that was received. */
export interface Got {
  readonly message: Message;
  readonly delivery: NonNullable<EventContext['delivery']>;
}

/** A value as text, in the order of its keys. */
export function shown(value: unknown): string {
  return JSON.stringify(value, (key, each: unknown) => {
    if (each === null || typeof each !== 'object') return each;
    if (Buffer.isBuffer(each)) return `<${each.toString('latin1')}>`;
    const from = each as { type?: unknown; data?: unknown };
    if (from.type === 'Buffer' && Array.isArray(from.data)) {
      return `<${Buffer.from(from.data as number[]).toString('latin1')}>`;
    }
    if (each instanceof Date || Array.isArray(each)) return each;
    if (key === 'time') return 'a time';
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Connections to one broker for one scenario. */
export class Clients {
  readonly #place: Place;
  readonly #connections: Connection[] = [];
  #classic: amqplib.ChannelModel | undefined = undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Opens a connection of AMQP 1.0. */
  async open(more: object = {}): Promise<Connection> {
    const { port, authority: ca, user: username, password } = this.#place;
    const connection = await connectRhea({ port, ca }, { username, password, ...more });
    // Errors are read from the objects that they are errors of.
    for (const name of ['connection_error', 'session_error', 'sender_error', 'receiver_error'])
      connection.on(name, () => {});
    connection.on('disconnected', () => {});
    this.#connections.push(connection);
    return connection;
  }

  /** A channel of AMQP 0-9-1. */
  async channel(): Promise<amqplib.ConfirmChannel> {
    const { port, authority, user, password } = this.#place;
    const url = `amqps://${encodeURIComponent(user)}:${encodeURIComponent(password)}@localhost:${port}`;
    this.#classic ??= await amqplib.connect(url, { ca: [Buffer.from(authority)] });
    return await this.#classic.createConfirmChannel();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.#classic?.close();
  }
}

/** Waits for one of the events; undefined if none comes in time. */
async function first(
  of: NodeJS.EventEmitter,
  names: readonly string[],
): Promise<string | undefined> {
  const waits = names.map(async (name) => {
    await once(of, name);
    return name;
  });
  return await Promise.race([...waits, pause(answerMs, undefined, { ref: false })]);
}

interface Failure {
  readonly condition?: string;
  readonly description?: string;
}

/** An error's condition and text. */
export function errorText(error: unknown): string {
  const { condition, description } = (error ?? {}) as Failure;
  return `${condition ?? 'no condition'}: ${description ?? ''}`;
}

/** Attaches a sender. Returns it, or how it was refused. */
export async function sender(of: Connection, target: unknown, more = {}): Promise<Sender | string> {
  const link = of.open_sender({ target, ...more } as object);
  return (await ended(of, link, 'sender', ['sendable'])) ?? link;
}

/** Attaches a receiver without credit. Returns it, or how it was refused. */
export async function receiver(
  of: Connection,
  source: unknown,
  more = {},
): Promise<Receiver | string> {
  const link = of.open_receiver({ source, credit_window: 0, autoaccept: false, ...more } as object);
  return (await ended(of, link, 'receiver', ['receiver_open'])) ?? link;
}

/** Waits until a link is open; returns how it, its session or its connection ended otherwise. */
async function ended(
  of: Connection,
  link: Sender | Receiver,
  kind: string,
  opened: readonly string[],
): Promise<string | undefined> {
  const fails = [`${kind}_close`, 'session_close', 'connection_close', 'disconnected'];
  await first(link, [...opened, ...fails]);
  // A refused link is open for a moment.
  await pause(50);
  if (link.error !== undefined) return `link ${errorText(link.error)}`;
  const { session } = link as unknown as { session: { error?: unknown } };
  if (session.error !== undefined) return `session ${errorText(session.error)}`;
  if (of.error !== undefined) return `connection ${errorText(of.error)}`;
  return link.is_open() ? undefined : 'closed without an error';
}

/** Sends a message. Returns its outcome as text. */
export async function send(link: Sender, message: Message): Promise<string> {
  const delivery = link.send(message);
  for (let waits = 0; !delivery.remote_settled && waits < 10; waits++)
    await first(link, ['settled', 'sender_close', 'session_close']);
  if (!delivery.remote_settled) return `not settled; link ${errorText(link.error)}`;
  const state = delivery.remote_state as {
    error?: unknown;
    constructor: { composite_type?: string };
  };
  const name = state?.constructor.composite_type ?? 'none';
  return state?.error === undefined ? name : `${name} ${errorText(state.error)}`;
}

/** Takes so many messages. */
export async function take(link: Receiver, count: number): Promise<Got[]> {
  const got: Got[] = [];
  const keep = ({ message, delivery }: EventContext) => {
    if (message !== undefined && delivery !== undefined) got.push({ message, delivery });
  };
  link.on('message', keep);
  link.add_credit(count);
  const until = Date.now() + answerMs;
  while (got.length < count && Date.now() < until) await pause(5);
  link.off('message', keep);
  return got;
}

/** A pair of links to the management node. */
export class Management {
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #number = 0;

  private constructor(out: Sender, back: Receiver) {
    this.#sender = out;
    this.#receiver = back;
  }

  static async open(of: Connection): Promise<Management> {
    const node = { address: '/management' };
    const common = { name: 'pair', snd_settle_mode: 1, properties: { paired: true } };
    const both = { ...common, source: node, target: node } as object;
    const back = of.open_receiver({ ...both, credit_window: 100, autoaccept: true } as object);
    await once(back, 'receiver_open');
    // rhea finds links that are being opened by their names.
    const out = of.open_sender(both);
    await once(out, 'sendable');
    return new Management(out, back);
  }

  /** Performs a request. Returns status and body as text. */
  async call(method: string, to: string, body: unknown = null): Promise<string> {
    const id = `r${this.#number++}`;
    const answer = first(this.#receiver, ['message']);
    const heard: Message[] = [];
    this.#receiver.once('message', ({ message }: EventContext) => heard.push(message as Message));
    this.#sender.send({ message_id: id, to, subject: method, reply_to: '$me', body });
    if ((await answer) === undefined) return `no answer; ${errorText(this.#sender.error)}`;
    const [message] = heard;
    return `${message?.subject} ${shown(message?.body)}`;
  }
}
