/** What an engine needs to know of a broker to run it. */
export interface BrokerSpec {
  /** `b-` and a lower-case UUID. */
  readonly id: string;
  readonly name: string;
  readonly engineType: 'RABBITMQ' | 'ACTIVEMQ';
  readonly engineVersion: string;
  /** `vol-` and 17 hex digits. */
  readonly volumeId: string;
  /** Number of this mount of the volume, from 1, never used twice; see docs/formats/volume.md. */
  readonly epoch: number;
  /** Number of the newest mount known to have come up: an older copy of the volume has a lower one. */
  readonly epochMin: number;
  /** Ports that the broker had or wanted at an earlier start; the engine takes them where they are free. */
  readonly wantedPorts: Readonly<Record<string, number>>;
  /** Ports that other brokers have, or had and will want again: not to be taken though free. */
  readonly portsOfOthers: readonly number[];
  /** The users that exist from the start; only hashes, never a password. */
  readonly users: readonly { readonly username: string; readonly passwordHash: string }[];
}

/** A broker that takes connections. */
export interface RunningBroker {
  /** Listener name (`amqps`) to port. */
  readonly ports: Readonly<Record<string, number>>;
  /** The same, but with the port that was wanted where another program had it. */
  readonly wantedPorts: Readonly<Record<string, number>>;
}

/** What an engine reports on its own account. */
export interface EngineEvents {
  /**
   * A started broker's process ended though nobody asked. The engine keeps no data key, so it does
   * not start it again: control does, with back-off, after asking the key service for the key.
   */
  crashed(brokerId: string, detail: string): void;
  /**
   * A started broker ended and starting it again would not help: damaged storage, a full disk.
   *
   * @param code the error's stable code, as in {@link Engine.start}
   */
  failed(brokerId: string, code: string, message: string): void;
}

/** What a kind of broker must be able to do. Every call is idempotent. */
export interface Engine {
  /** Who is told what happens unasked; set once, before the first start. */
  observe(events: EngineEvents): void;
  /**
   * Makes the broker's volume: folder, format, first segment. The key stays the caller's, who
   * overwrites it.
   *
   * @param dataKey 32 bytes
   * @param wrappedKey the same key as the key service wrapped it; kept beside the data
   */
  create(spec: BrokerSpec, dataKey: Buffer, wrappedKey: Buffer): Promise<void>;
  /** The wrapped data key kept beside the broker's data. */
  wrappedKey(brokerId: string): Promise<Buffer>;
  /**
   * Starts the broker's process; resolves when it accepts connections. Where it runs already, that
   * is the answer and the key is only overwritten.
   *
   * @param dataKey 32 bytes; the engine overwrites them once they are handed over
   * @throws {WaxwingError} where it cannot run: damaged storage, no free port. Not retried until
   * somebody asks for a reboot.
   */
  start(spec: BrokerSpec, dataKey: Buffer): Promise<RunningBroker>;
  /**
   * Disconnects clients with the reason, ends the process and with it the key. Nothing is reported
   * to {@link EngineEvents} for it; where the broker does not run, there is nothing to do.
   */
  stop(brokerId: string, reason: string): Promise<void>;
  /** Stops it and removes its files, as far as there are any. */
  remove(brokerId: string): Promise<void>;
}
