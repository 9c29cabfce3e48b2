// Commands of rabbitmqctl, performed by RabbitMQ's management API, which answers much faster.

import { type Command, readCommand } from './commands.ts';
import type { Administer } from './player.ts';

/** A request to the management API. */
interface Request {
  readonly method: 'PUT' | 'DELETE';
  /** The parts of the path below `/api`. */
  readonly path: readonly string[];
  readonly body?: object;
}

type ToRequests = (command: Command) => readonly Request[];

const put = (path: readonly string[], body: object = {}): Request[] => [
  { method: 'PUT', path, body },
];
const remove = (...path: string[]): Request[] => [{ method: 'DELETE', path }];

const policy =
  (kind: string): ToRequests =>
  ({ args: [name = '', pattern = '', definition = ''], vhost, priority, applyTo }) =>
    put([kind, vhost, name], {
      pattern,
      priority,
      'apply-to': applyTo,
      definition: JSON.parse(definition),
    });

const limits = (kind: string, of: string, text: string): Request[] =>
  Object.entries(JSON.parse(text)).flatMap(([name, value]) => put([kind, of, name], { value }));

const requests: Readonly<Record<string, ToRequests>> = {
  add_vhost: ({ args: [name = ''] }) => put(['vhosts', name]),
  delete_vhost: ({ args: [name = ''] }) => remove('vhosts', name),
  add_user: ({ args: [name = '', password = ''] }) => put(['users', name], { password, tags: '' }),
  delete_user: ({ args: [name = ''] }) => remove('users', name),
  set_user_tags: ({ args: [name = '', ...tags] }) =>
    // The password of a transcript's user.
    put(['users', name], { password: 'secret', tags: tags.join(',') }),
  set_permissions: ({ args: [name = '', configure = '', write = '', read = ''], vhost }) =>
    put(['permissions', vhost, name], { configure, write, read }),
  clear_permissions: ({ args: [name = ''], vhost }) => remove('permissions', vhost, name),
  set_topic_permissions: ({ args: [name = '', exchange = '', write = '', read = ''], vhost }) =>
    put(['topic-permissions', vhost, name], { exchange, write, read }),
  clear_topic_permissions: ({ args: [name = ''], vhost }) =>
    remove('topic-permissions', vhost, name),
  set_policy: policy('policies'),
  set_operator_policy: policy('operator-policies'),
  clear_policy: ({ args: [name = ''], vhost }) => remove('policies', vhost, name),
  clear_operator_policy: ({ args: [name = ''], vhost }) => remove('operator-policies', vhost, name),
  set_vhost_limits: ({ args: [text = ''], vhost }) => limits('vhost-limits', vhost, text),
  clear_vhost_limits: ({ vhost }) =>
    ['max-connections', 'max-queues'].flatMap((name) => remove('vhost-limits', vhost, name)),
  set_user_limits: ({ args: [name = '', text = ''] }) => limits('user-limits', name, text),
};

/**
 * Performs commands at a management API.
 *
 * @param url `http://guest:guest@localhost:15672`
 * @param effectMs milliseconds to wait for the effect of a command
 */
export function administerAt(url: string, effectMs: number): Administer {
  const { origin, username, password } = new URL(url);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return async ([name = '', ...words]) => {
    const toRequests = requests[name];
    if (toRequests === undefined) throw new Error(`no command '${name}'`);
    for (const { method, path, body } of toRequests(readCommand(words))) {
      const target = `${origin}/api/${path.map(encodeURIComponent).join('/')}`;
      const answer = await fetch(target, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      if (answer.status >= 300 && answer.status !== 404) {
        throw new Error(`${method} ${target}: ${answer.status} ${await answer.text()}`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, effectMs));
  };
}
