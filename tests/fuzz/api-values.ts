// Random inputs of API operations.

import type { Shape, ShapeNode } from '../../src/aws/shapes/shape.ts';
import { accountId, region } from '../support/control-plane.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

/** Stands wherever a secret may be given; it must never be seen again. */
export const secret = 'Never-To-Be-Seen-4711';

/** The secret as base64, as JSON represents bytes. */
export const secretBlob = Buffer.from(secret).toString('base64');

/** Members by which requests name what earlier answers gave, and what those call it. */
const sources: Readonly<Record<string, readonly string[]>> = {
  KeyId: ['KeyId', 'Arn', 'KeyArn', 'AliasName'],
  SourceKeyId: ['KeyId', 'Arn'],
  DestinationKeyId: ['KeyId', 'Arn'],
  TargetKeyId: ['KeyId', 'Arn'],
  kmsKeyId: ['Arn'],
  AliasName: ['AliasName'],
  CiphertextBlob: ['CiphertextBlob'],
  GrantId: ['GrantId'],
  GrantToken: ['GrantToken'],
  GrantTokens: ['GrantToken'],
  Marker: ['NextMarker'],
  NextToken: ['NextToken'],
  nextToken: ['nextToken'],
  brokerId: ['brokerId'],
  resourceArn: ['brokerArn'],
};
const kept = new Set(Object.values(sources).flat());

/** Values of earlier answers, which later requests name. */
export class Pool {
  readonly #values = new Map<string, unknown[]>();

  /** Takes in an answer, whatever it is. */
  note(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, given] of Object.entries(value)) {
      if (kept.has(name) && typeof given === 'string') {
        this.#values.set(name, [...(this.#values.get(name) ?? []), given]);
      }
      this.note(given);
    }
  }

  /** Something that a member may name, if there is anything. */
  pick(random: SeededRandom, member: string): unknown {
    const values = (sources[member] ?? []).flatMap((name) => this.#values.get(name) ?? []);
    return values.length === 0 ? undefined : random.pick(values);
  }
}

const plausible: Readonly<Record<string, readonly string[]>> = {
  AliasName: ['alias/a', 'alias/b', 'alias/aws/mq', 'alias/', 'b'],
  KeyId: ['alias/a', 'alias/aws/mq', '00000000-0000-4000-8000-000000000000'],
  GranteePrincipal: [`arn:aws:iam::${accountId}:root`, 'mq.amazonaws.com', '*'],
  RetiringPrincipal: [`arn:aws:iam::${accountId}:root`, `ec2.${region}.amazonaws.com`],
  GranteeServicePrincipal: ['mq.amazonaws.com'],
  Policy: [
    '{"Version":"2012-10-17","Statement":[]}',
    `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::${accountId}:root"},"Action":"kms:*","Resource":"*"}}`,
    '{"Statement":{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:a":"*"}}}}',
    '['.repeat(20_000),
    `{"Statement":${'['.repeat(16_000)}${']'.repeat(16_000)}}`,
  ],
  PolicyName: ['default'],
  brokerName: ['orders', 'a', ''],
  engineType: ['RABBITMQ', 'RabbitMQ', 'ACTIVEMQ'],
  engineVersion: ['4.2', '3.13', '3.13.7'],
  hostInstanceType: ['mq.m7g.medium', 'mq.m5.large'],
  username: ['admin', 'guest'],
  timeOfDay: ['02:00', '25:00'],
  timeZone: ['UTC', 'Europe/Vienna', 'CET'],
  AttributeValue: ['CreateKey', 'true', 'root'],
};

const texts = ['', 'a', 'alias/x', '\u0000', '\ud800', 'é漢🜁', '__proto__', '%00', '<&>"'];
const numbers = [0, 1, 5, 7, 16, 30, 32, 50, 100, 1000, -1, 2 ** 31 - 1, -(2 ** 31)];

/** A value for a shape: mostly right, sometimes anything. */
export function randomValue(
  shape: Shape<unknown>,
  member: string,
  random: SeededRandom,
  pool: Pool,
): unknown {
  if (random.oneIn(60)) return oddValue(random, 0);
  const known = random.oneIn(5) ? undefined : pool.pick(random, member);
  if (known !== undefined && shape.node.kind !== 'list') return known;
  return made(shape.node, shape.redaction !== undefined, member, random, pool);
}

function made(
  node: ShapeNode,
  isSecret: boolean,
  member: string,
  random: SeededRandom,
  pool: Pool,
): unknown {
  switch (node.kind) {
    case 'structure': {
      const members = Object.entries(node.members).filter(([, each]) => {
        return 'required' in each ? !random.oneIn(30) : random.oneIn(4);
      });
      return Object.fromEntries(
        members.map(([name, each]) => [name, randomValue(each, name, random, pool)]),
      );
    }
    case 'list':
      return Array.from({ length: random.below(4) }, () => {
        return randomValue(node.of, member, random, pool);
      });
    case 'map':
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [
          random.pick(['a', 'b', 'tenant', ...texts]),
          randomValue(node.value, '', random, pool),
        ]),
      );
    case 'blob':
      return isSecret ? secretBlob : random.bytes(40).toString('base64');
    case 'string':
      if (isSecret) return secret;
      return random.pick([...(plausible[member] ?? texts), random.pick(texts)]);
    case 'enumeration':
      return random.oneIn(30) ? random.pick(texts) : random.pick(node.values);
    case 'integer':
    case 'long':
    case 'double':
      return random.pick(numbers);
    case 'boolean':
      return random.oneIn(2);
    case 'timestamp':
      return random.pick([0, 1.5, 1_764_000_000, '2026-11-23T20:04:00Z', 1e300]);
    case 'document':
      return oddValue(random, 0);
  }
}

/** Any JSON, with what is likeliest to be misread. */
export function oddValue(random: SeededRandom, depth: number): unknown {
  switch (random.below(depth > 3 ? 6 : 8)) {
    case 0:
      return random.pick([null, true, false]);
    case 1:
      return random.pick([0, -0, 1.5, 2 ** 31, 2 ** 53, 1e308, -1e308, 5e-324]);
    case 2:
      return random.pick(texts);
    case 3:
      return random.pick(texts).repeat(random.below(3000));
    case 4:
      return random.pick([[], {}]);
    case 5:
      return random.bytes(20).toString('latin1');
    case 6:
      return Array.from({ length: random.below(4) }, () => oddValue(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [
          random.pick(texts),
          oddValue(random, depth + 1),
        ]),
      );
  }
}
