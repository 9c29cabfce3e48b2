import { WaxwingError } from '../base/errors.ts';
import type { Entry } from '../storage/journal.ts';
import { type BrokerKeys, ForeignDataKey, KeyLost } from './broker-keys.ts';
import type { BrokerRecord, PendingSettings } from './broker-record.ts';
import type { Brokers } from './brokers.ts';
import type { Creation } from './creation.ts';
import { invalidKeyAction } from './decisions.ts';
import type { BrokerSpec, Engine } from './engine.ts';
import type { KeyChecks } from './key-checks.ts';
import { type BrokerEvent, nextState, workOf } from './lifecycle.ts';
import type { Report } from './report.ts';

/** What the upkeep of brokers needs. */
export interface UpkeepParts {
  readonly brokers: Brokers;
  readonly keys: BrokerKeys;
  readonly creation: Creation;
  readonly engine: Engine;
  readonly keyChecks: KeyChecks;
  /** Folds the changes in before it returns; resolves once they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly report: Report;
}

/** What one process knows of one broker beside its record. */
export interface Presence {
  /** Whether its engine takes connections. */
  isUp: boolean;
  /** Whether this process, or an attempt before, may have left work half done. */
  isResumed: boolean;
  /** Whether to ask for the key though the broker is up. */
  keyCheckDue: boolean;
}

/** The engine cannot make or run the broker, and trying again would not help. */
class EngineFailure extends WaxwingError {}

/**
 * Brings one broker from how it is to how its record wants it. Every step may be repeated: a process
 * that ends in the middle of one leaves it to the next.
 */
export class Upkeep {
  readonly #parts: UpkeepParts;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /**
   * Does what the broker's state asks for, once.
   *
   * @throws what a retry may mend: the key service or the storage failing
   */
  async step(id: string, presence: Presence): Promise<void> {
    const broker = this.#parts.brokers.get(id);
    if (broker === undefined) return;
    try {
      await this.#work(broker, presence);
    } catch (error) {
      if (error instanceof KeyLost) await this.#keyLost(id, presence, error);
      else if (error instanceof EngineFailure || error instanceof ForeignDataKey)
        await this.#failed(id, presence, error);
      else throw error;
    }
  }

  async #work(broker: BrokerRecord, presence: Presence): Promise<void> {
    switch (workOf(broker.state)) {
      case 'create':
        return this.#create(broker, presence);
      case 'keep-running':
        if (!presence.isUp) return this.#mount(broker, presence);
        return this.#checkKey(broker, presence);
      case 'restart':
        await this.#stop(broker.id, presence, 'the broker is being rebooted');
        return this.#mount(broker, presence);
      case 'heal':
        // What the engine failed for is tried again once a process, or by a reboot.
        if (broker.action?.code !== invalidKeyAction && !presence.isResumed) return;
        return this.#mount(broker, presence);
      case 'delete':
        return this.#delete(broker, presence);
      case 'nothing':
        return;
    }
  }

  async #create(broker: BrokerRecord, presence: Presence): Promise<void> {
    const { engine, keys } = this.#parts;
    let { volume } = broker.grants;
    if (volume === null) {
      const made = presence.isResumed ? await keys.findVolumeGrant(broker) : undefined;
      volume = made ?? (await keys.grantVolume(broker));
      await this.#set(broker.id, { grants: { ...broker.grants, volume } });
    }
    if (broker.hasVolume) return this.#mount(broker, presence);
    const wrapped = await keys.newDataKey(broker);
    const dataKey = await keys.openDataKey(broker, wrapped);
    try {
      await this.#withEngine(() => engine.create(this.#specOf(broker), dataKey, wrapped));
      await this.#set(broker.id, { hasVolume: true });
      await this.#start(broker, dataKey, presence);
    } finally {
      dataKey.fill(0);
    }
  }

  /** Opens the broker's volume under its grant and starts it. */
  async #mount(broker: BrokerRecord, presence: Presence): Promise<void> {
    const { engine, keys } = this.#parts;
    // Before the question is asked: a change after that asks again.
    presence.keyCheckDue = false;
    await this.#askForKey(broker);
    const wrapped = await this.#withEngine(() => engine.wrappedKey(broker.id));
    const dataKey = await keys.openDataKey(broker, wrapped);
    try {
      await this.#start(broker, dataKey, presence);
    } finally {
      dataKey.fill(0);
    }
  }

  async #start(broker: BrokerRecord, dataKey: Buffer, presence: Presence): Promise<void> {
    // Pending settings wait for a reboot that was asked for.
    const applied = broker.state === 'REBOOT_IN_PROGRESS' ? broker.pending : {};
    const epoch = broker.epoch + 1;
    await this.#set(broker.id, { epoch });
    const spec = this.#specOf({ ...broker, ...applied, epoch });
    const running = await this.#withEngine(() => this.#parts.engine.start(spec, dataKey));
    presence.isUp = true;
    presence.isResumed = false;
    const pending = this.#stillPending(broker.id, applied);
    const { ports, wantedPorts } = running;
    const now = { ports, wantedPorts, action: null, mountedEpoch: epoch };
    await this.#move(broker.id, 'started', { ...applied, ...now, pending });
  }

  /** What is still to take effect: an update may have come while the broker started. */
  #stillPending(id: string, applied: PendingSettings): PendingSettings {
    const pending = Object.entries(this.#parts.brokers.get(id)?.pending ?? {});
    return Object.fromEntries(
      pending.filter(([name, value]) => applied[name as keyof PendingSettings] !== value),
    );
  }

  #specOf(broker: BrokerRecord): BrokerSpec {
    const { id, name, engineType, engineVersion, volumeId, epoch, users } = broker;
    const others = [...this.#parts.brokers.all()].filter((other) => other.id !== id);
    const portsOfOthers = others.flatMap(({ ports, wantedPorts }) =>
      Object.values({ ...ports }).concat(Object.values({ ...wantedPorts })),
    );
    const wantedPorts = broker.wantedPorts ?? broker.ports;
    const mounts = { volumeId, epoch, epochMin: broker.mountedEpoch };
    return { id, name, engineType, engineVersion, ...mounts, wantedPorts, portsOfOthers, users };
  }

  async #checkKey(broker: BrokerRecord, presence: Presence): Promise<void> {
    if (!presence.keyCheckDue) return;
    presence.keyCheckDue = false;
    const { engine, keys } = this.#parts;
    await this.#askForKey(broker);
    const wrapped = await this.#withEngine(() => engine.wrappedKey(broker.id));
    await keys.tryDataKey(broker, wrapped);
  }

  async #askForKey(broker: BrokerRecord): Promise<void> {
    await this.#parts.keys.check(broker);
    this.#parts.keyChecks.count(broker.id, 'usable');
  }

  async #keyLost(id: string, presence: Presence, error: KeyLost): Promise<void> {
    this.#parts.keyChecks.count(id, 'lost');
    const action = { code: invalidKeyAction, info: error.message };
    if (this.#parts.brokers.get(id)?.action?.info !== action.info) {
      await this.#move(id, 'key-lost', { action });
      this.#parts.report('error', id, `the broker cannot run: ${error.message}`);
    }
    await this.#stop(id, presence, "the broker's KMS key cannot be used");
  }

  async #failed(id: string, presence: Presence, error: WaxwingError): Promise<void> {
    presence.isResumed = false;
    await this.fail(id, error.code, error.message);
    const text = `the broker cannot run: ${error.code}: ${error.message}`;
    this.#parts.report('error', id, text);
    await this.#stop(id, presence, 'the broker cannot run');
  }

  /** Records that the engine gave a broker up. */
  async fail(id: string, code: string, message: string): Promise<void> {
    const action = { code: `BROKER_${code.toUpperCase().replaceAll('-', '_')}`, info: message };
    await this.#move(id, 'failed', { action });
  }

  async #delete(broker: BrokerRecord, presence: Presence): Promise<void> {
    const { brokers, creation, engine, keys } = this.#parts;
    await engine.remove(broker.id);
    presence.isUp = false;
    await keys.retireVolumeGrant(broker);
    const isShared = () =>
      creation.isGranting(broker.key.arn) ||
      [...brokers.all()].some(
        ({ id, grants }) => id !== broker.id && grants.service === broker.grants.service,
      );
    if (!isShared()) await keys.retireServiceGrant(broker);
    await this.#parts.commit([brokers.entry({ removed: broker.id })]);
    this.#parts.keyChecks.forget(broker.id);
  }

  async #stop(id: string, presence: Presence, reason: string): Promise<void> {
    if (!presence.isUp) return;
    await this.#parts.engine.stop(id, reason);
    presence.isUp = false;
  }

  /** Commits what an event makes of a broker; nothing where it no longer matters. */
  async #move(
    id: string,
    event: BrokerEvent,
    set: Partial<Omit<BrokerRecord, 'id'>>,
  ): Promise<void> {
    const broker = this.#parts.brokers.get(id);
    const state = broker && nextState(broker.state, event);
    if (state !== undefined) await this.#set(id, { ...set, state });
  }

  #set(id: string, set: Partial<Omit<BrokerRecord, 'id'>>): Promise<void> {
    const { brokers, commit } = this.#parts;
    return commit([brokers.entry({ updated: id, set })]);
  }

  async #withEngine<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof WaxwingError)) throw error;
      throw new EngineFailure(error.code, error.message, { cause: error });
    }
  }
}
