// Runs the cases of tokens with amqplib.

import { connect } from 'amqplib';
import type { Step, TokenCase } from './token-cases.ts';

/** A broker that takes tokens. */
export interface TokenBroker {
  /** The URL for AMQP without credentials: `amqps://127.0.0.1:5671`. */
  readonly url: string;
  /** PEM; empty without TLS. */
  readonly authority: string;
  /** A signed token with the claims of a case. */
  token(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

/** Connects with a token as the password. */
export function connectWith({ url, authority }: TokenBroker, token: string, vhost = '/') {
  const to = new URL(url);
  const options = {
    protocol: to.protocol.slice(0, -1),
    hostname: to.hostname,
    port: Number(to.port),
    username: 'any',
    password: token,
    vhost,
  };
  return connect(options, { ca: [authority] });
}

/** What happens in a case, in the form of {@link TokenCase}: the refusal, or the errors of its steps. */
export async function outcomeOf(
  broker: TokenBroker,
  { claims, vhost, steps = [] }: TokenCase,
): Promise<readonly (string | undefined)[]> {
  let model: Awaited<ReturnType<typeof connectWith>>;
  try {
    model = await connectWith(broker, await broker.token(claims), vhost);
  } catch (error) {
    return [reasonOf(error)];
  }
  model.on('error', () => {});
  const errors: (string | undefined)[] = [];
  for (const step of steps) errors.push(await perform(model, step));
  await model.close();
  return [undefined, ...errors];
}

/** What a case says. */
export function expectedOf({ refusal, steps = [] }: TokenCase): readonly (string | undefined)[] {
  return refusal === undefined ? [undefined, ...steps.map(([, , error]) => error)] : [refusal];
}

async function perform(
  model: Awaited<ReturnType<typeof connectWith>>,
  [action, name, , key = '']: Step,
): Promise<string | undefined> {
  const channel = await model.createConfirmChannel();
  const failed = new Promise<string>((resolve) => {
    channel.on('error', (error: Error) => resolve(reasonOf(error)));
  });
  const acted = async (): Promise<undefined> => {
    if (action === 'queue') await channel.assertQueue(name, { durable: true });
    else if (action === 'get') await channel.get(name, { noAck: true });
    else if (action === 'fanout') await channel.assertExchange(name, 'fanout');
    else if (action === 'topic') await channel.assertExchange(name, 'topic');
    else if (action === 'bind') await channel.bindQueue('q', name, key);
    else {
      channel.publish(name, key, Buffer.from('x'));
      await channel.waitForConfirms();
    }
    await channel.close();
  };
  const done = acted();
  done.catch(() => {}); // the error is the one of the channel
  return Promise.race([done.catch(() => failed), failed]);
}

/** The text that the broker sent. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /"(?<reason>[A-Z_]+ - .*)"$/.exec(text)?.groups?.['reason'] ?? text;
}
