// The status of shovels, as the management API shows it.

/** What a shovel is doing. */
export interface ShovelStatus {
  readonly vhost: string;
  readonly name: string;
  /** Milliseconds since 1970: the last change of the state. */
  readonly changedAtMs: number;
  readonly state: 'starting' | 'running' | 'terminated';
  /** Why it does not run; undefined in other states. It contains no password. */
  readonly reason: string | undefined;
  /** The URIs in use without credentials; undefined until it runs. */
  readonly uris: { readonly source: string; readonly destination: string } | undefined;
  /** Messages that were moved since the shovel was started. */
  readonly movedCount: number;
}

/** The shovels of a broker. */
export interface Shovels {
  statuses(): Iterable<ShovelStatus>;
  status(vhost: string, name: string): ShovelStatus | undefined;
  /** Disconnects a shovel and starts it again. @returns whether it exists */
  restart(vhost: string, name: string): boolean;
}
