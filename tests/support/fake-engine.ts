import { createHash } from 'node:crypto';
import { WaxwingError } from '../../src/base/errors.ts';
import type { BrokerSpec, Engine, EngineEvents, RunningBroker } from '../../src/control/engine.ts';

/** What an engine leaves on the disk of a machine for one broker. */
interface Folder {
  readonly wrappedKey: Buffer;
  /** SHA-256 of the data key it was made under. */
  readonly keyHash: string;
  /** Of the newest mount. */
  epoch: number;
}

/** The folders of a machine's brokers: they outlive the process. */
export type Folders = Map<string, Folder>;

/** The calls of an engine that a test may hold back or let fail. */
export type EngineCall = 'create' | 'wrappedKey' | 'start' | 'stop' | 'remove';

/**
 * An engine without brokers. It keeps to the contract, keys and mount numbers included, and notes
 * what it is asked for; it fails, is slow and reports crashes when it is told to.
 */
export class FakeEngine implements Engine {
  /** Every call so far: `start`, or `stop: the reason`. */
  readonly calls: string[] = [];
  readonly running = new Map<string, BrokerSpec>();
  readonly #folders: Folders;
  readonly #failures = new Map<EngineCall, Error>();
  readonly #gates = new Map<EngineCall, Promise<void>>();
  /** Passed before and after each call; the place to let the process end. */
  readonly #pass: () => Promise<void>;
  #events: EngineEvents | undefined = undefined;

  constructor(folders: Folders, pass: () => Promise<void> = async () => {}) {
    this.#folders = folders;
    this.#pass = pass;
  }

  /** Lets calls fail from now on; undefined: no longer. */
  fail(call: EngineCall, error: Error | undefined): void {
    if (error === undefined) this.#failures.delete(call);
    else this.#failures.set(call, error);
  }

  /** Holds calls back until the returned function is called. */
  hold(call: EngineCall): () => void {
    let open = () => {};
    this.#gates.set(
      call,
      new Promise((resolve) => {
        open = resolve;
      }),
    );
    return () => {
      this.#gates.delete(call);
      open();
    };
  }

  /** Ends a broker's process as no one asked for. */
  crash(brokerId: string, detail = 'signal SIGSEGV'): void {
    this.running.delete(brokerId);
    this.#events?.crashed(brokerId, detail);
  }

  /** Ends a broker's process as one does that cannot run on. */
  giveUp(brokerId: string, code: string, message: string): void {
    this.running.delete(brokerId);
    this.#events?.failed(brokerId, code, message);
  }

  observe(events: EngineEvents): void {
    this.#events = events;
  }

  create(spec: BrokerSpec, dataKey: Buffer, wrappedKey: Buffer): Promise<void> {
    return this.#do('create', 'create', () => {
      this.#folders.set(spec.id, { wrappedKey, keyHash: hash(dataKey), epoch: 0 });
    });
  }

  wrappedKey(brokerId: string): Promise<Buffer> {
    return this.#do('wrappedKey', 'wrappedKey', () => this.#folder(brokerId).wrappedKey);
  }

  start(spec: BrokerSpec, dataKey: Buffer): Promise<RunningBroker> {
    return this.#do('start', 'start', () => {
      const folder = this.#folder(spec.id);
      if (hash(dataKey) !== folder.keyHash) {
        throw new WaxwingError('wrong-key', 'the data key is not that of the volume');
      }
      dataKey.fill(0);
      const running = this.running.get(spec.id);
      if (running === undefined && spec.epoch <= folder.epoch) {
        throw new WaxwingError('epoch-used', `mount ${spec.epoch} is not after ${folder.epoch}`);
      }
      folder.epoch = spec.epoch;
      const ports = { amqps: spec.wantedPorts['amqps'] ?? 5671 + this.running.size };
      this.running.set(spec.id, spec);
      return { ports, wantedPorts: ports };
    });
  }

  stop(brokerId: string, reason: string): Promise<void> {
    return this.#do('stop', `stop: ${reason}`, () => {
      this.running.delete(brokerId);
    });
  }

  remove(brokerId: string): Promise<void> {
    return this.#do('remove', 'remove', () => {
      this.running.delete(brokerId);
      this.#folders.delete(brokerId);
    });
  }

  #folder(brokerId: string): Folder {
    const folder = this.#folders.get(brokerId);
    if (folder) return folder;
    throw new WaxwingError('volume-missing', `there is no volume of ${brokerId}`);
  }

  async #do<T>(call: EngineCall, note: string, act: () => T): Promise<T> {
    this.calls.push(note);
    await this.#pass();
    await this.#gates.get(call);
    const failure = this.#failures.get(call);
    if (failure) throw failure;
    const result = act();
    await this.#pass();
    return result;
  }
}

function hash(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex');
}
