// Playing of transcripts against a broker.

import { parseStep } from './lines.ts';
import { type Case, mark, type Step } from './transcript.ts';
import { type Target, WireClient } from './wire-client.ts';

/** Names that a broker makes up, and the variables that stand for them in a step. */
const madeUp: readonly (readonly [RegExp, string, string])[] = [
  [/amq\.gen-[\w-]+/g, '$queue', 'amq.gen-*'],
  [/amq\.ctag-[\w-]+/g, '$tag', 'amq.ctag-*'],
  [/amq\.rabbitmq\.reply-to\.[^\s"']+/g, '$replyTo', 'amq.rabbitmq.reply-to.*'],
];

/** Performs a command of administration, as given to `rabbitmqctl`, and waits for its effect. */
export type Administer = (words: readonly string[]) => Promise<void>;

const noAdministration: Administer = () => Promise.reject(new Error('no administration is given'));

/** Splits a command. Words with blanks are in single quotes. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map((found) => found[1] ?? found[2] ?? '');
}

/** Plays cases against a broker. */
export class Player {
  readonly #target: Target;
  readonly #user: string;
  /** Milliseconds of silence after which a step is over although more may come; for recording. */
  readonly #quietMs: number;
  readonly #clients = new Map<string, WireClient>();
  /** Frames that are written together with the next step. */
  readonly #parts: Buffer[] = [];
  readonly #administer: Administer;
  readonly #variables = new Map<string, string>();

  /** @param quietMs 0 where it is known how many lines will come */
  constructor(target: Target, quietMs: number, administer: Administer = noAdministration) {
    this.#target = target;
    this.#administer = administer;
    this.#user = new URL(target.url).username;
    this.#quietMs = quietMs;
  }

  /** Plays a case; returns the lines after each step. */
  async play({ steps }: Case, expects: 'rabbitmq' | 'waxwing'): Promise<string[][]> {
    try {
      const answers: string[][] = [];
      for (const [at, step] of steps.entries()) {
        await this.#say(step);
        if (step.isPart) {
          answers.push([]);
          continue;
        }
        const isLast = at === steps.length - 1;
        answers.push(await this.#answers(step.expected[expects].length, isLast));
      }
      return answers;
    } finally {
      await this.#end(steps);
    }
  }

  async #client(name: string): Promise<WireClient> {
    const found = this.#clients.get(name);
    if (found !== undefined && found.state !== 'closed') return found;
    const client = await WireClient.open(this.#target);
    this.#clients.set(name, client);
    return client;
  }

  async #say({ connection, channel, text, isPart }: Step): Promise<void> {
    if (text === 'disconnect') {
      await this.#clients.get(connection)?.close();
      return;
    }
    if (text.startsWith('admin ')) {
      await this.#administer(wordsOf(this.#filledIn(text.slice(6))));
      return;
    }
    if (text.startsWith('login ')) {
      await this.#logIn(connection, text);
      return;
    }
    const client = await this.#client(connection);
    const isOpening = text.startsWith('channel.open') || channel === 0;
    if (!isOpening) await client.openChannel(channel);
    this.#parts.push(parseStep(channel, this.#filledIn(text)));
    if (isPart) return;
    client.write(Buffer.concat(this.#parts.splice(0)));
    if (text.startsWith('channel.open')) await client.untilChannel(channel, true);
    else if (text.startsWith('channel.close ') || text === 'channel.close') {
      await client.untilChannel(channel, false);
    } else await client.fence(channel);
  }

  /** `login USER PASSWORD VHOST`: what comes is `connection.open-ok` or `connection.close`. */
  async #logIn(connection: string, text: string): Promise<void> {
    const [, username = '', password = '', vhost = ''] = text.split(' ');
    await this.#clients.get(connection)?.close();
    const url = new URL(this.#target.url);
    Object.assign(url, { username, password, pathname: `/${encodeURIComponent(vhost)}` });
    const client = await WireClient.open({ ...this.#target, url: url.href }, true);
    if (client.state === 'open') client.received.push({ channel: 0, line: 'connection.open-ok' });
    this.#clients.set(connection, client);
  }

  #filledIn(text: string): string {
    let result = text.replaceAll('$user', this.#user);
    for (const [name, value] of this.#variables) result = result.replaceAll(name, value);
    return result;
  }

  async #answers(count: number, isLast: boolean): Promise<string[]> {
    const clients = [...this.#clients.values()];
    const received = () => clients.reduce((sum, client) => sum + client.received.length, 0);
    const deadline = performance.now() + 5000;
    while (received() < count && performance.now() < deadline) {
      await Promise.race(clients.map((client) => client.until(() => received() >= count, 50)));
    }
    if (this.#quietMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#quietMs));
    if (isLast) for (const client of clients) await client.fenceAll();
    return this.#take();
  }

  #take(): string[] {
    const names = [...this.#clients.keys()].sort();
    return names.flatMap((name) => {
      const received = this.#clients.get(name)?.received.splice(0) ?? [];
      received.sort((a, b) => a.channel - b.channel);
      return received.map(({ channel, line }) => mark(name, channel, '<', this.#plain(line)));
    });
  }

  /** A line without what is another at each run; made-up names are remembered. */
  #plain(line: string): string {
    let result = line
      .replaceAll(`'${this.#user}'`, "'$user'")
      .replaceAll(`userId=${this.#user} `, 'userId=$user ');
    for (const [pattern, variable, replacement] of madeUp) {
      const found = result.match(pattern)?.at(-1);
      if (found !== undefined) this.#variables.set(variable, found);
      result = result.replaceAll(pattern, replacement);
    }
    return result;
  }

  /** Ends the connections and deletes what the steps have declared. */
  async #end(steps: readonly Step[]): Promise<void> {
    for (const client of this.#clients.values()) await client.close();
    const broom = await WireClient.open(this.#target);
    for (const name of declared(steps, 'queue')) {
      await broom.openChannel(1);
      broom.write(parseStep(1, `queue.delete queue=${this.#filledIn(name)}`));
      await broom.fence(1);
    }
    for (const name of declared(steps, 'exchange')) {
      await broom.openChannel(1);
      broom.write(parseStep(1, `exchange.delete exchange=${name}`));
      await broom.fence(1);
    }
    await broom.close();
    this.#clients.clear();
    this.#variables.clear();
  }
}

function declared(steps: readonly Step[], kind: 'queue' | 'exchange'): Set<string> {
  const names = new Set<string>();
  for (const { text } of steps) {
    if (!text.startsWith(`${kind}.declare`)) continue;
    const name = new RegExp(` ${kind}=("[^"]*"|\\S+)`).exec(text)?.[1];
    if (name !== undefined && !name.includes('amq.')) names.add(name);
    else if (kind === 'queue' && name === undefined) names.add('$queue');
  }
  return names;
}
