// Lines of ActiveMQ's audit log.

import { printable } from '../base/byte-text.ts';

/** Maximum length of a line, characters. */
const lineLengthMax = 3000;
/** Maximum lengths of what clients choose, so that what follows it is in the line too; characters. */
const lengthMax = { path: 1024, value: 256 } as const;

/** The thread in a line. Requests of the console have no thread of their own. */
const thread = 'console';

/** What a user does with a destination. */
export interface AuditedOperation {
  readonly user: string;
  /** The operation of ActiveMQ: `removeQueue`. */
  readonly operation: string;
  /** Names and numbers; never a body or a password. */
  readonly arguments: readonly string[];
  /** The name of the object in ActiveMQ: `org.apache.activemq:type=Broker,brokerName=b`. */
  readonly target: string;
}

/** Writes the lines of ActiveMQ's audit log: `level | message | thread`. */
export class AuditLog {
  readonly #write: (line: string) => void;
  readonly #nowMs: () => number;

  constructor(write: (line: string) => void, nowMs: () => number) {
    this.#write = write;
    this.#nowMs = nowMs;
  }

  /**
   * A user asked for an action, which may be refused later.
   *
   * @param fields those that may be logged
   */
  requested(
    user: string,
    path: string,
    fields: readonly (readonly [name: string, value: string])[],
    peerAddress: string,
  ): void {
    const shown = fields
      .map(([name, value]) => `${name}='[${cut(value, lengthMax.value)}]' `)
      .join('');
    this.#line(`${user} requested ${cut(path, lengthMax.path)} [${shown}] from ${peerAddress}`);
  }

  /** An operation that is permitted begins. */
  called(operation: AuditedOperation): void {
    this.#operation('called', operation);
  }

  /** An operation has succeeded. */
  ended(operation: AuditedOperation): void {
    this.#operation('ended', operation);
  }

  #operation(verb: 'called' | 'ended', of: AuditedOperation): void {
    const { user, operation, target } = of;
    this.#line(`${user} ${verb} ${operation}[${of.arguments.join(', ')}] on ${target}`);
  }

  #line(text: string): void {
    this.#write(
      `INFO | ${shownText(text).slice(0, lineLengthMax)} at ${dateOf(this.#nowMs())} | ${thread}`,
    );
  }
}

/** A text as a line shows it. Names must not look like the fields of a line. */
function shownText(text: string): string {
  return printable(text).replaceAll('|', String.raw`\x7c`);
}

function cut(text: string, max: number): string {
  const shown = shownText(text.slice(0, max));
  return shown.length <= max && text.length <= max ? shown : `${shown.slice(0, max)}...`;
}

/** `dd-MM-yyyy HH:mm:ss,SSS` in UTC. */
function dateOf(nowMs: number): string {
  const [date = '', time = ''] = new Date(nowMs).toISOString().slice(0, 23).split('T');
  return `${date.split('-').toReversed().join('-')} ${time.replace('.', ',')}`;
}

/** The name of a broker in ActiveMQ's audit log. */
export function brokerTarget(brokerName: string): string {
  return `org.apache.activemq:type=Broker,brokerName=${brokerName}`;
}

/** The name of a queue in ActiveMQ's audit log. */
export function queueTarget(brokerName: string, queue: string): string {
  return `${brokerTarget(brokerName)},destinationType=Queue,destinationName=${queue}`;
}
