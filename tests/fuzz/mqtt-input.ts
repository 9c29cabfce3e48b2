// Random packets of MQTT.

import { packetTypes } from '../../src/protocols/mqtt/codec/packets.ts';
import {
  ackPacket,
  field,
  packet,
  propertyField,
  publishPacket,
  subscribePacket,
  type TestProperties,
  unsubscribePacket,
} from '../support/mqtt-packets.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

/** The packets of clients that have connected. */
export const packetNames: readonly string[] = [
  ...['publish QoS 0', 'publish QoS 1', 'publish QoS 2', 'puback', 'pubrec', 'pubrel', 'pubcomp'],
  ...['subscribe', 'unsubscribe', 'pingreq', 'disconnect'],
];

const typeNames = new Map(
  Object.entries(packetTypes).map(([name, type]) => [type as number, name]),
);

/** The name of a packet. */
export function nameOfPacket([first = 0]: Buffer): string {
  const name = typeNames.get(first >> 4) ?? '';
  return name === 'publish' ? `publish QoS ${(first >> 1) & 3}` : name;
}

const topics = [
  'a',
  'a/b',
  'a/b/c',
  'b.c',
  '/',
  'a//b',
  '$SYS/x',
  'VirtualTopic/x',
  'ActiveMQ/Advisory/x',
  'x'.repeat(5000),
  '',
  'a/+',
  '#',
  'a\0b',
  'ä/€/😀',
];
const filters = [
  'a',
  'a/+',
  'a/#',
  '+',
  '+/b',
  '$share/g/a/#',
  '$share//a',
  '$share/g',
  '$SYS/#',
  'a/#/b',
  'a+',
  '',
  '/'.repeat(300),
  'only/eve',
];
const bodies = ['', 'text', 'x'.repeat(500), 'x'.repeat(2000)];

/** Values of properties, right and wrong, by their ids. */
function propertyValues(random: SeededRandom): Record<number, TestProperties[number]> {
  return {
    1: random.pick([0, 1, 2]),
    2: random.pick([0, 1, 100, 0xffffffff]),
    3: 'text/plain',
    8: random.pick(topics),
    9: random.bytes(10),
    11: random.pick([0, 1, 268_435_455]),
    17: random.pick([0, 1, 100, 0xffffffff]),
    21: 'PLAIN',
    22: random.bytes(10),
    23: random.pick([0, 1]),
    24: 1,
    25: random.pick([0, 1]),
    31: 'why',
    33: random.pick([0, 1, 2, 65_535]),
    34: random.pick([0, 1, 5]),
    35: random.pick([0, 1, 2, 64, 65]),
    38: [
      ['a', 'b'],
      ['', ''],
    ],
    39: random.pick([0, 1, 20, 1000]),
    127: 1,
  };
}

/** A value of a property. */
export function randomProperty(random: SeededRandom, id: number): TestProperties[number] {
  return propertyValues(random)[id] ?? 0;
}

/** Properties, right and wrong, of any packet. */
function properties(random: SeededRandom): TestProperties {
  const all = propertyValues(random);
  const chosen: Record<number, TestProperties[number]> = {};
  for (let left = random.below(3); left > 0; left--) {
    const id = Number(random.pick(Object.keys(all)));
    chosen[id] = all[id] ?? 0;
  }
  return chosen;
}

function publish(random: SeededRandom, version: number): Buffer {
  return publishPacket(version, random.pick(topics), random.pick(bodies), {
    qos: random.oneIn(30) ? 3 : random.below(3),
    id: random.below(4),
    retain: random.oneIn(4),
    dup: random.oneIn(6),
    ...(random.oneIn(2) && { properties: properties(random) }),
  });
}

function acknowledgement(random: SeededRandom, version: number, ids: readonly number[]): Buffer {
  const known = ids.length > 0 && !random.oneIn(5);
  const id = known ? random.pick(ids) : random.below(5);
  const reason = version === 5 && random.oneIn(3) ? random.pick([0, 0x10, 0x80, 0x92]) : undefined;
  return ackPacket(random.pick([0x40, 0x50, 0x62, 0x70]), id, reason);
}

/** What a client may send, right and wrong. `ids` are the packet ids of messages that it was sent. */
export function randomPacket(
  random: SeededRandom,
  version: number,
  ids: readonly number[],
): Buffer {
  const isNew = version === 5;
  const some = () => ({ [random.pick(filters)]: random.below(random.oneIn(10) ? 256 : 48) });
  const plain = () => ({ [random.pick(filters)]: random.below(3) });
  const packets = [
    () => publish(random, version),
    () => publish(random, version),
    () => publish(random, version),
    () => acknowledgement(random, version, ids),
    () => acknowledgement(random, version, ids),
    () =>
      subscribePacket(
        version,
        random.below(3),
        isNew && random.oneIn(2) ? { ...some(), ...some() } : { ...plain(), ...plain() },
        isNew && random.oneIn(4) ? properties(random) : undefined,
      ),
    () => unsubscribePacket(version, 1, [random.pick(filters)]),
    () => packet(0xc0),
    () =>
      random.oneIn(20)
        ? packet(0xe0, random.oneIn(2) ? Buffer.alloc(0) : random.bytes(3))
        : packet(0xc0),
    () => (random.oneIn(30) ? packet(random.below(256), random.bytes(20)) : packet(0xc0)),
    () =>
      random.oneIn(30)
        ? packet(0x10, field('MQTT'), Buffer.of(version, 2, 0, 0), propertyField(), field('c'))
        : packet(0xc0),
  ];
  return random.pick(packets)();
}
