// The kinds of brokers and the listeners of this engine.

import type { EngineKind } from '../../control/engine.ts';
import type { ListenerSpec } from './listener-specs.ts';

/** The protocols of each listener, by its name in the offers. */
const listeners = {
  amqps: ['amqp091', 'amqp10-rabbitmq'],
  management: [],
  console: [],
  'openwire+ssl': ['openwire'],
  'amqp+ssl': ['amqp10'],
  'stomp+ssl': ['stomp'],
  'mqtt+ssl': ['mqtt'],
  wss: ['stomp', 'mqtt'],
  'mqtt/ssl': ['mqtt-rabbitmq'],
  'https/web-mqtt': ['mqtt-rabbitmq'],
  'stomp/ssl': ['stomp-rabbitmq'],
  'https/web-stomp': ['stomp-rabbitmq'],
} as const satisfies Record<string, ListenerSpec['protocols']>;

/** The kinds of brokers that this engine runs. */
export const kinds: readonly EngineKind[] = [
  {
    engineType: 'RABBITMQ',
    deploymentMode: 'SINGLE_INSTANCE',
    listeners: [
      'amqps',
      'management',
      'mqtt/ssl',
      'https/web-mqtt',
      'stomp/ssl',
      'https/web-stomp',
    ],
    authenticationStrategies: ['SIMPLE', 'CONFIG_MANAGED'],
  },
  {
    engineType: 'ACTIVEMQ',
    deploymentMode: 'SINGLE_INSTANCE',
    listeners: ['openwire+ssl', 'amqp+ssl', 'stomp+ssl', 'mqtt+ssl', 'wss', 'console'],
    authenticationStrategies: ['SIMPLE', 'LDAP'],
  },
];

/** Returns the protocols of a listener, none for management and the console; undefined if this engine does not support it. */
export function protocolsOf(listener: string): ListenerSpec['protocols'] | undefined {
  return Object.hasOwn(listeners, listener)
    ? listeners[listener as keyof typeof listeners] // its existence has just been checked
    : undefined;
}
