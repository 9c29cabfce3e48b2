import { assert } from '../base/assert.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type { Journal } from '../storage/journal.ts';
import { MessageStore } from '../storage/message-store.ts';
import { Window } from '../storage/window.ts';
import { type Arguments, noArguments } from './arguments.ts';
import { isCycle, withDeath } from './dead-letters.ts';
import { BrokerError } from './errors.ts';
import { formatNumbers, type MessageFormat } from './format.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { Publication } from './publication.ts';
import type { DeathReason, Queue } from './queue.ts';
import { Router } from './router.ts';
import { Delivery } from './subscription.ts';
import { Access, type Permission, type User } from './users.ts';
import { type Change, Vhost, type VhostHost } from './vhost.ts';

/** What a broker is made of. */
export interface BrokerOptions {
  /** Opens the log: attaches it to the store, then replays what it holds, then resolves. */
  readonly openLog: (store: MessageStore) => Promise<void>;
  readonly formats: readonly MessageFormat[];
  readonly users: readonly { readonly username: string; readonly passwordHash: string }[];
  /** Whether a password is the one that was hashed. */
  readonly verifyPassword: (password: string, hash: string) => Promise<boolean>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly limits?: Partial<Limits>;
}

/** What a connection that publishes wants to know of the broker's state. */
export interface PublisherListener {
  /** Publishers must wait, for a reason of the broker's (memory, disk): tell the peer. */
  blocked(reason: string): void;
  unblocked(): void;
  /** The log is behind: stop reading from the peer, or go on. */
  setPaused(isPaused: boolean): void;
}

const everything: Permission = { configure: '.*', write: '.*', read: '.*' };

/** The broker's entry: virtual hosts, and what protocols ask of them. */
export class Broker implements VhostHost, Journal<Change> {
  readonly name = 'definitions';
  readonly store: MessageStore;
  readonly limits: Limits;
  readonly vhosts = new Map<string, Vhost>();
  readonly delivery = new Delivery();
  readonly users = new Map<string, User>();
  isRecovering = true;
  /** How many queues took the message of the last `publish`. */
  routed = 0;
  /** Whether a full queue refused it. */
  isRejected = false;
  /** The group it is in, which confirms it once synced; 0 where nothing durable took it. */
  group = 0;
  /** Called after each sync with the group up to which everything is durable. */
  readonly durableListeners = new Set<(group: number) => void>();
  readonly #publishers = new Set<PublisherListener>();
  readonly #reasons = new Set<string>();
  readonly #options: BrokerOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #formats: (MessageFormat | undefined)[] = [];
  readonly #routers = new Map<Vhost, Router>();
  #dirty: Queue[] = [];
  #timed = new Set<Queue>();
  #dueMs = Infinity;
  #nowMs = 0;
  #queueNumber = 0;
  #isPaused = false;
  /** Asked by headers exchanges only, so that routing needs no closure a message. */
  #asked: Publication | undefined = undefined;
  readonly #headers = (): Arguments => this.#askHeaders();

  private constructor(options: BrokerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.limits = { ...defaultLimits, ...options.limits };
    this.store = new MessageStore({
      name: this.name,
      apply: (change) => this.apply(change as Change), // only changes are ever written
      snapshot: () => this.snapshot(),
    });
    for (const format of options.formats) this.#formats[formatNumbers[format.name]] = format;
  }

  /** Opens a broker and recovers what its log holds. */
  static async open(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    broker.apply({ kind: 'vhost', vhost: '/' });
    await options.openLog(broker.store);
    broker.store.recovered();
    broker.#finishRecovery();
    for (const { username, passwordHash } of options.users) {
      const permissions = new Map([['/', everything]]);
      broker.users.set(username, { name: username, passwordHash, permissions });
    }
    return broker;
  }

  /** Windows are full only now, so queues begin anew with what is in them. */
  #finishRecovery(): void {
    for (const vhost of this.vhosts.values()) {
      for (const queue of [...vhost.queues.values()]) queue.recover(!this.store.isCleanStop);
    }
    this.isRecovering = false;
    this.#nowMs = 0;
  }

  get burstCountMax(): number {
    return this.limits.burstCountMax;
  }

  /** The group up to which everything is synced. */
  get durableGroup(): number {
    return this.store.log.durableGroup;
  }

  /** To be called by the log once per synced group. */
  onDurable(group: number): void {
    for (const listener of this.durableListeners) listener(group);
    if (this.#isPaused && this.store.log.pendingBytes * 2 < this.limits.pendingBytesMax) {
      this.#setPaused(false);
    }
    this.pump();
  }

  /** @throws {BrokerError} `not-allowed` */
  vhost(name: string): Vhost {
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) throw new BrokerError('not-allowed', `vhost ${name} not found`);
    return vhost;
  }

  /** Adds a virtual host with the exchanges every one has. */
  createVhost(name: string): Vhost {
    const found = this.vhosts.get(name);
    if (found !== undefined) return found;
    this.define({ kind: 'vhost', vhost: name });
    this.apply({ kind: 'vhost', vhost: name });
    return this.vhost(name);
  }

  /** The user whose password this is. Takes as long for unknown users. */
  async authenticate(username: string, password: string): Promise<User | undefined> {
    const user = this.users.get(username);
    const hash = user?.passwordHash ?? this.users.values().next().value?.passwordHash ?? '';
    const isRight = await this.#options.verifyPassword(password, hash);
    return isRight ? user : undefined;
  }

  /** @throws {BrokerError} `not-allowed` where the user has no rights there */
  access(user: User, vhost: string): Access {
    const permission = user.permissions.get(vhost);
    if (permission === undefined || !this.vhosts.has(vhost)) {
      const why = `access to vhost '${vhost}' refused for user '${user.name}'`;
      throw new BrokerError('not-allowed', why);
    }
    return new Access(user.name, vhost, permission);
  }

  /**
   * Routes and stores a message, copying it once. The outcome is in `routed`, `isRejected` and
   * `group`; deliveries wait for `pump`.
   */
  publish(vhost: Vhost, publication: Publication): void {
    const { exchange } = publication;
    assert(exchange !== undefined, 'a publication has no exchange');
    this.#asked = publication;
    const route = this.#router(vhost).route(exchange, publication.routingKey, this.#headers);
    this.isRejected = false;
    this.group = 0;
    this.routed = route.queues.length;
    if (this.routed === 0) return;
    let { queues, windows } = route;
    for (const queue of queues) {
      if (!queue.isFull(publication.bodyLength)) continue;
      queues = this.#refuse(vhost, publication, queues);
      windows = queues.map((taker) => taker.window);
      break;
    }
    if (queues.length > 0) this.#store(publication, queues, windows);
  }

  #store(publication: Publication, queues: readonly Queue[], windows: readonly Window[]): void {
    const nowMs = this.nowMs();
    const { expirationMs, isPersistent, bodyLength } = publication;
    const expiresAtMs = expirationMs < 0 ? Infinity : nowMs + expirationMs;
    const { log } = this.store;
    const block = this.store.append(publication, windows, isPersistent, nowMs, expiresAtMs);
    const group = block.transient ? 0 : log.openGroup;
    for (const queue of queues) queue.arrived(bodyLength);
    for (const queue of queues) queue.shorten();
    this.group = group;
    if (group !== 0 && log.pendingBytes > this.limits.pendingBytesMax) this.#setPaused(true);
  }

  /** Full queues refuse; with `reject-publish-dlx` their dead letter exchange gets the message. */
  #refuse(vhost: Vhost, publication: Publication, queues: readonly Queue[]): readonly Queue[] {
    const full = queues.filter((queue) => queue.isFull(publication.bodyLength));
    const takers = queues.filter((queue) => !full.includes(queue));
    for (const queue of full) {
      const { overflow, deadLetterExchange } = queue.settings;
      const target = vhost.exchanges.get(deadLetterExchange ?? '');
      if (overflow !== 'reject-publish-dlx' || deadLetterExchange === undefined || !target)
        continue;
      const { head, headStart, headEnd, keys, keysStart } = publication;
      const from = keys.toString('utf8', keysStart + 1, keysStart + 1 + (keys[keysStart] ?? 0));
      const copy = publication.copy();
      const format = this.#formats[publication.format];
      this.#bury(queue, copy, from, 'maxlen', format, head, headStart, headEnd);
    }
    this.isRejected = true;
    return takers;
  }

  #router(vhost: Vhost): Router {
    let router = this.#routers.get(vhost);
    if (router === undefined) {
      router = new Router(vhost, this.limits.routeCacheCountMax);
      this.#routers.set(vhost, router);
    }
    return router;
  }

  #askHeaders(): Arguments {
    const asked = this.#asked;
    if (asked === undefined) return noArguments;
    const format = this.#formats[asked.format];
    return format?.headers(asked.head, asked.headStart, asked.headEnd) ?? noArguments;
  }

  /** Publishes what died in a queue to the queue's dead letter exchange. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void {
    const dead = new Publication();
    dead.format = view.format;
    dead.priority = view.priority;
    dead.isPersistent = view.isPersistent;
    dead.routingKey = view.routingKey();
    dead.addPart(view.buffer, view.bodyAt, view.bodyAt + view.bodyLength);
    const format = this.#formats[view.format];
    const end = view.headAt + view.headLength;
    this.#bury(queue, dead, view.exchangeName(), reason, format, view.buffer, view.headAt, end);
  }

  #bury(
    queue: Queue,
    dead: Publication,
    from: string,
    reason: DeathReason,
    format: MessageFormat | undefined,
    head: Buffer,
    start: number,
    end: number,
  ): void {
    const vhost = this.vhost(queue.vhost);
    const target = vhost.exchanges.get(queue.settings.deadLetterExchange ?? '');
    if (target === undefined || format === undefined) return;
    const headers = withDeath(format.headers(head, start, end), {
      queue: queue.name,
      reason,
      exchange: from,
      routingKey: dead.routingKey,
      atSeconds: Math.floor(this.nowMs() / 1000),
      expiration: format.expiration(head, start, end),
    });
    dead.head = format.deadLetterHead(head, start, end, headers);
    dead.headStart = 0;
    dead.headEnd = dead.head.length;
    dead.expirationMs = -1;
    dead.exchange = target;
    dead.routingKey = queue.settings.deadLetterKey ?? dead.routingKey;
    const names = [Buffer.from(target.name), Buffer.from(dead.routingKey)];
    dead.keys = Buffer.concat(names.flatMap((name) => [Buffer.from([name.length]), name]));
    dead.keysStart = 0;
    dead.keysEnd = dead.keys.length;
    this.#asked = dead;
    const route = this.#router(vhost).route(target, dead.routingKey, this.#headers);
    const takers = route.queues.filter(
      (taker) =>
        (reason === 'rejected' || !isCycle(headers, taker.name)) && !taker.isFull(dead.bodyLength),
    );
    if (takers.length === 0) return;
    const { routed, group, isRejected } = this;
    this.#store(
      dead,
      takers,
      takers.map((taker) => taker.window),
    );
    this.routed = routed;
    this.group = group;
    this.isRejected = isRejected;
  }

  /** Delivers what can be. To be called once everything received in one piece was handled. */
  pump(): void {
    while (this.#dirty.length > 0) {
      const dirty = this.#dirty;
      this.#dirty = [];
      for (const queue of dirty) {
        queue.isDirty = false;
        queue.deliver();
      }
    }
    this.store.writeSettlements();
    this.#nowMs = 0;
  }

  markDirty(queue: Queue): void {
    if (queue.isDirty) return;
    queue.isDirty = true;
    this.#dirty.push(queue);
  }

  nowMs(): number {
    if (this.#nowMs === 0) this.#nowMs = this.#clock.nowMs();
    return this.#nowMs;
  }

  schedule(queue: Queue, atMs: number): void {
    this.#timed.add(queue);
    if (atMs < this.#dueMs) this.#dueMs = atMs;
  }

  /** Does what is due; to be called several times a second. */
  tick(): void {
    this.#nowMs = 0;
    const nowMs = this.nowMs();
    const used = process.memoryUsage.rss();
    if (used > this.limits.memoryBytesMax) this.block('low on memory');
    else this.unblock('low on memory');
    if (nowMs >= this.#dueMs) {
      const timed = this.#timed;
      this.#timed = new Set();
      this.#dueMs = Infinity;
      for (const queue of timed) queue.tick(nowMs);
    }
    this.pump();
  }

  load(queue: Queue, sequence: number): void {
    if (queue.isLoading) return;
    queue.isLoading = true;
    const block = this.store.block(queue.window, sequence);
    const done = () => {
      queue.loaded();
      this.pump();
    };
    // A block that cannot be read has failed the log, which ends the broker.
    this.store.log.load(block).then(done, () => this.block('storage failed'));
  }

  deleteQueue(queue: Queue): void {
    this.vhost(queue.vhost).removeQueue(queue);
  }

  /** From now on the listener hears of everything that makes publishers wait. */
  addPublisher(listener: PublisherListener): void {
    if (this.#publishers.has(listener)) return;
    this.#publishers.add(listener);
    if (this.blockedReason !== undefined) listener.blocked(this.blockedReason);
    if (this.#isPaused || this.blockedReason !== undefined) listener.setPaused(true);
  }

  removePublisher(listener: PublisherListener): void {
    this.#publishers.delete(listener);
  }

  /** Why publishers wait: the first reason given; undefined where they do not. */
  get blockedReason(): string | undefined {
    for (const reason of this.#reasons) return reason;
    return undefined;
  }

  /** Makes publishers wait until `unblock` with the same reason: memory or disk run short. */
  block(reason: string): void {
    const wasBlocked = this.#reasons.size > 0;
    this.#reasons.add(reason);
    if (wasBlocked) return;
    for (const listener of this.#publishers) {
      listener.blocked(reason);
      listener.setPaused(true);
    }
  }

  /** One reason to wait is gone; publishers go on once there is none. */
  unblock(reason: string): void {
    if (!this.#reasons.delete(reason) || this.#reasons.size > 0) return;
    for (const listener of this.#publishers) {
      listener.unblocked();
      listener.setPaused(this.#isPaused);
    }
  }

  #setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    for (const listener of this.#publishers) {
      listener.setPaused(isPaused || this.blockedReason !== undefined);
    }
  }

  newWindow(number: number | undefined, isDurable: boolean): Window {
    this.#queueNumber = Math.max(this.#queueNumber + 1, number ?? 0);
    const window = new Window(number ?? this.#queueNumber, isDurable);
    if (isDurable) this.store.windows.set(window.number, window);
    return window;
  }

  randomName(): string {
    return this.#random.bytes(16).toString('base64url');
  }

  define(change: Change): void {
    if (!this.isRecovering) this.store.define(change);
  }

  /** Folds a definition in that the log holds. */
  apply(change: Change): void {
    if (change.kind === 'counter') {
      this.#queueNumber = Math.max(this.#queueNumber, change.queueNumber);
      return;
    }
    let vhost = this.vhosts.get(change.vhost);
    if (vhost === undefined) {
      vhost = new Vhost(this, change.vhost);
      this.vhosts.set(change.vhost, vhost);
    }
    applyTo(vhost, change);
  }

  /** Everything durable that was declared. */
  *snapshot(): Iterable<Change> {
    yield { kind: 'counter', queueNumber: this.#queueNumber };
    for (const vhost of this.vhosts.values()) yield* vhost.snapshot();
  }

  /** Ends the broker in order: everything appended is synced. Connections must have ended. */
  async close(): Promise<void> {
    this.pump();
    await this.store.close();
  }
}

function applyTo(vhost: Vhost, change: Exclude<Change, { kind: 'counter' }>): void {
  switch (change.kind) {
    case 'vhost':
      return;
    case 'queue':
      if (!vhost.queues.has(change.name))
        vhost.addQueue(change.name, change.options, change.number);
      return;
    case 'queue-deleted': {
      const queue = vhost.queues.get(change.name);
      if (queue !== undefined) vhost.removeQueue(queue);
      return;
    }
    case 'exchange':
      if (!vhost.exchanges.has(change.name)) {
        vhost.addExchange(change.name, change.type, change.options);
      }
      return;
    case 'exchange-deleted': {
      const exchange = vhost.exchanges.get(change.name);
      if (exchange !== undefined) vhost.removeExchange(exchange);
      return;
    }
    case 'bound':
    case 'unbound':
      applyBinding(vhost, change);
  }
}

function applyBinding(vhost: Vhost, change: Extract<Change, { kind: 'bound' | 'unbound' }>): void {
  const source = vhost.exchanges.get(change.source);
  const targets = change.to === 'queue' ? vhost.queues : vhost.exchanges;
  const target = targets.get(change.destination);
  if (source === undefined || target === undefined) return;
  if (change.kind === 'bound') vhost.bind(source, target, change.routingKey, change.arguments);
  else vhost.unbind(source, target, change.routingKey, change.arguments);
}
