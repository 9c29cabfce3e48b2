// Wills: messages that clients leave for the time after their connections (MQTT).

/** A will. */
export interface StoredWill {
  readonly client: string;
  /** The user that logged in. */
  readonly user: string;
  /** The groups of a user of a directory; undefined for the broker's own users. */
  readonly groups: readonly string[] | undefined;
  /** The protocol level of the client, which decides about the form of {@link content}. */
  readonly level: number;
  /** The quality of service: 0 to 2. */
  readonly qos: number;
  readonly isRetained: boolean;
  /** Properties (MQTT 5), topic and payload, as in CONNECT. */
  readonly content: Buffer;
  /** Seconds between the end of the connection and the message. */
  readonly delaySeconds: number;
  /** When it is published, milliseconds since 1970; null while the client is connected. */
  dueMs: number | null;
}

/** A change of wills, as stored in the log. */
export type WillChange =
  | (Omit<StoredWill, 'content' | 'groups'> & {
      readonly kind: 'session-will';
      readonly vhost: string;
      /** In base64. */
      readonly content: string;
      /** Missing for the broker's own users. */
      readonly groups?: readonly string[];
    })
  | {
      readonly kind: 'session-will-due';
      readonly vhost: string;
      readonly client: string;
      readonly dueMs: number;
    }
  | { readonly kind: 'session-will-ended'; readonly vhost: string; readonly client: string };

/** Whether a change concerns wills. */
export function isWillChange(change: { readonly kind: string }): change is WillChange {
  return change.kind.startsWith('session-will');
}

/**
 * The wills of all virtual hosts, one for each client, whether or not its session outlives its connection.
 * Each change is written to the log before it has an effect.
 */
export class StoredWills {
  readonly #define: (change: WillChange) => void;
  readonly #byVhost = new Map<string, Map<string, StoredWill>>();

  constructor(define: (change: WillChange) => void) {
    this.#define = define;
  }

  #of(vhost: string): Map<string, StoredWill> {
    const found = this.#byVhost.get(vhost) ?? new Map<string, StoredWill>();
    this.#byVhost.set(vhost, found);
    return found;
  }

  /** All wills of a virtual host. */
  all(vhost: string): Iterable<StoredWill> {
    return this.#byVhost.get(vhost)?.values() ?? [];
  }

  /** Stores the will of a client, in place of an earlier one. The content is kept, not copied. */
  put(vhost: string, will: StoredWill): void {
    this.#define(changeOf(vhost, will));
    this.#of(vhost).set(will.client, will);
  }

  /** The connection of a client has ended: its will is published at a time. */
  setDue(vhost: string, client: string, dueMs: number): void {
    this.#change({ kind: 'session-will-due', vhost, client, dueMs });
  }

  /** A will was published or discarded. */
  end(vhost: string, client: string): void {
    this.#change({ kind: 'session-will-ended', vhost, client });
  }

  #change(change: WillChange): void {
    this.#define(change);
    this.apply(change);
  }

  /** Applies a change from the log. */
  apply(change: WillChange): void {
    const wills = this.#of(change.vhost);
    if (change.kind === 'session-will') wills.set(change.client, willOf(change));
    else if (change.kind === 'session-will-ended') wills.delete(change.client);
    else {
      const will = wills.get(change.client);
      if (will !== undefined) will.dueMs = change.dueMs;
    }
  }

  /** A virtual host was deleted. */
  forget(vhost: string): void {
    this.#byVhost.delete(vhost);
  }

  /** The changes that recreate all wills. */
  *snapshot(): Generator<WillChange> {
    for (const [vhost, wills] of this.#byVhost) {
      for (const will of wills.values()) yield changeOf(vhost, will);
    }
  }
}

function changeOf(vhost: string, { content, groups, ...rest }: StoredWill): WillChange {
  return {
    kind: 'session-will',
    vhost,
    ...rest,
    ...(groups !== undefined && { groups }),
    content: content.toString('base64'),
  };
}

function willOf(change: Extract<WillChange, { kind: 'session-will' }>): StoredWill {
  const { client, user, groups, level, qos, isRetained, delaySeconds, dueMs } = change;
  const content = Buffer.from(change.content, 'base64');
  return { client, user, groups, level, qos, isRetained, content, delaySeconds, dueMs };
}
