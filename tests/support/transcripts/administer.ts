// Commands of rabbitmqctl, performed on a broker of this process.

import type { Broker } from '../../../src/broker/broker.ts';
import { Administration } from '../../../src/broker/rabbitmq/administration.ts';
import type { JsonObject } from '../../../src/broker/rabbitmq/model.ts';
import { applyTargets } from '../../../src/broker/settings/policy.ts';
import type { PolicyDefinition } from '../../../src/broker/settings/policy-keys.ts';
import { type Command, readCommand } from './commands.ts';
import type { Administer } from './player.ts';

type Run = (admin: Administration, command: Command) => unknown;

const at = (args: readonly string[], index: number): string => args[index] ?? '';

const parsed = (text: string): JsonObject => JSON.parse(text);

const setPolicy =
  (isOperator: boolean): Run =>
  ({ policies }, { args, vhost, priority, applyTo: target }) => {
    const applyTo = applyTargets.find((known) => known === target) ?? 'all';
    const definition = parsed(at(args, 2)) as PolicyDefinition; // a transcript contains a valid one
    const policy = { name: at(args, 0), pattern: at(args, 1), applyTo, priority, definition };
    policies.put({ isOperator }, vhost, policy);
  };

const commands: Readonly<Record<string, Run>> = {
  add_vhost: ({ vhosts }, { args }) => vhosts.put(at(args, 0)),
  delete_vhost: ({ vhosts }, { args }) => vhosts.delete(at(args, 0)),
  // The hash of a test's password is the password.
  add_user: ({ users }, { args }) => users.put(at(args, 0), { password: at(args, 1) }, []),
  delete_user: ({ users }, { args }) => users.delete(at(args, 0)),
  set_user_tags: ({ broker }, { args: [name = '', ...tags] }) => {
    broker.putUser(name, broker.users.require(name).passwordHash, tags);
  },
  set_permissions: ({ users }, { args, vhost }) =>
    users.setPermission(at(args, 0), vhost, {
      configure: at(args, 1),
      write: at(args, 2),
      read: at(args, 3),
    }),
  clear_permissions: ({ users }, { args, vhost }) => users.clearPermission(at(args, 0), vhost),
  set_topic_permissions: ({ users }, { args, vhost }) => {
    const permission = { write: at(args, 2), read: at(args, 3) };
    users.setTopicPermission(at(args, 0), vhost, at(args, 1), permission);
  },
  clear_topic_permissions: ({ users }, { args, vhost }) =>
    users.clearTopicPermissions(at(args, 0), vhost, args[1]),
  set_policy: setPolicy(false),
  set_operator_policy: setPolicy(true),
  clear_policy: ({ policies }, { args, vhost }) =>
    policies.delete({ isOperator: false }, vhost, at(args, 0)),
  clear_operator_policy: ({ policies }, { args, vhost }) =>
    policies.delete({ isOperator: true }, vhost, at(args, 0)),
  set_vhost_limits: ({ vhosts }, { args, vhost }) => {
    const limits = Object.entries(parsed(at(args, 0)));
    for (const [name, value] of limits) vhosts.setLimit(vhost, name, Number(value));
  },
  clear_vhost_limits: ({ vhosts }, { vhost }) => {
    for (const name of Object.keys(vhosts.limits(vhost))) vhosts.clearLimit(vhost, name);
  },
  set_user_limits: ({ users }, { args }) => {
    const limits = Object.entries(parsed(at(args, 1)));
    for (const [name, value] of limits) users.setLimit(at(args, 0), name, Number(value));
  },
};

/** Performs commands on a broker, and waits until everything that they change has changed. */
export function administerWith(broker: Broker): Administer {
  const admin = new Administration(broker, { hashPassword: async (password) => password });
  return async ([name = '', ...words]) => {
    const run = commands[name];
    if (run === undefined) throw new Error(`no command '${name}'`);
    await run(admin, readCommand(words));
    while (!broker.background.isIdle) await new Promise(setImmediate);
  };
}
