// Listeners that a RabbitMQ broker only has if its configuration names their ports.

import { type KeyRule, oneOf, within } from './key-rule.ts';
import type { Settings } from './oauth.ts';
import { SettingsError } from './settings-error.ts';

/** A listener that is off by default, with the name that RabbitMQ shows. */
export type OptionalListener = 'mqtt/ssl' | 'https/web-mqtt' | 'stomp/ssl' | 'https/web-stomp';

/** The preferred ports of the listeners that are on. */
export type ListenerPorts = Readonly<Partial<Record<OptionalListener, number>>>;

/** The keys with the port of each listener. */
const keys: Readonly<Record<OptionalListener, RegExp>> = {
  'mqtt/ssl': /^mqtt\.listeners\.ssl\.\w{1,32}$/,
  'https/web-mqtt': /^web_mqtt\.ssl\.port$/,
  'stomp/ssl': /^stomp\.listeners\.ssl\.\w{1,32}$/,
  'https/web-stomp': /^web_stomp\.ssl\.port$/,
};

/** Lower ports need rights that a broker process may not have. */
const port: KeyRule = within(1024, 65_535);

/**
 * Returns the rules for the listeners of a protocol.
 *
 * @param name the prefix of its keys
 */
export function listenerRules(
  name: 'mqtt' | 'stomp',
): readonly (readonly [pattern: RegExp, rule: KeyRule])[] {
  return [
    [keys[`${name}/ssl`], port],
    [keys[`https/web-${name}`], port],
    [new RegExp(`^${name}\\.listeners\\.(?:ssl|tcp)$`), oneOf('none')],
  ];
}

/**
 * Reads which listeners are on.
 *
 * @throws {SettingsError} if several keys are about one listener, or two listeners have one port
 */
export function readListeners(settings: Settings): ListenerPorts {
  const found: Partial<Record<OptionalListener, number>> = {};
  const byPort = new Map<string, string>();
  for (const [name, pattern] of Object.entries(keys)) {
    const [own, other] = [...settings.keys()].filter((key) => pattern.test(key));
    if (own === undefined) continue;
    if (other !== undefined) {
      throw new SettingsError(`keys [${own}] and [${other}] are about one listener`);
    }
    const isOff = settings.get(own.replace(/\.\w+$/, '')) === 'none';
    if (isOff) continue;
    const value = settings.get(own) ?? '';
    const same = byPort.get(value);
    if (same !== undefined) throw new SettingsError(`keys [${same}] and [${own}] have one port`);
    byPort.set(value, own);
    found[name as OptionalListener] = Number(value);
  }
  return found;
}
