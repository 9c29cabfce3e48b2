// Conversion of shapes to the schemas of the official clients.

import type { Operation } from '../../../src/aws/service.ts';
import { type Members, type Shape, Unread } from '../../../src/aws/shapes/shape.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; their shapes are walked.
type AnyOperation = Operation<any, any>;

// Shapes as the official clients' protocols take them: arrays that begin with a number for their
// kind.

const kinds = { operation: 9, structure: 3, list: 1, map: 2 } as const;
const simple = {
  string: 0,
  enumeration: 0,
  integer: 1,
  long: 1,
  double: 1,
  boolean: 2,
  blob: 21,
  document: 15,
} as const;
const timestamps = { own: 4, 'date-time': 5, 'http-date': 6, 'epoch-seconds': 7 } as const;

const namespace = 'com.example';

/** An operation as a client's command takes it. */
export function sdkOperation(name: string, { input, output, http }: AnyOperation): unknown[] {
  const { method = 'POST', path = '/', status = 200 } = http ?? {};
  const labels = new Set([...path.matchAll(/\{(\w+)\+?\}/g)].map(([, label]) => label));
  const traits = http ? { http: [method, path, status] } : 0;
  const inputSchema = sdkShape(input, `${name}Input`, labels);
  const outputSchema = sdkShape(output, `${name}Output`);
  return [kinds.operation, namespace, name, traits, () => inputSchema, () => outputSchema];
}

function sdkShape(
  { node }: Shape<unknown>,
  name: string,
  labels: ReadonlySet<string | undefined> = new Set(),
): unknown {
  switch (node.kind) {
    case 'structure':
      return sdkStructure(node.members, name, labels);
    case 'list':
      return [kinds.list, namespace, name, 0, member(node.of, `${name}Element`)];
    case 'map': {
      const [key, value] = [member(node.key, `${name}Key`), member(node.value, `${name}Value`)];
      return [kinds.map, namespace, name, 0, key, value];
    }
    case 'timestamp':
      return timestamps[node.format ?? 'own'];
    default:
      return simple[node.kind];
  }
}

function sdkStructure(
  members: Members,
  name: string,
  labels: ReadonlySet<string | undefined>,
): unknown {
  const names = Object.keys(members);
  const schemas = Object.entries(members).map(([each, shape]) =>
    member(shape, `${name}${each}`, labels.has(each) ? { httpLabel: 1 } : {}),
  );
  return [kinds.structure, namespace, name, 0, names, schemas];
}

function member(shape: Shape<unknown>, name: string, more: object = {}): unknown {
  const { binding, xml } = shape;
  const traits = {
    ...more,
    ...(binding?.in === 'header' && { httpHeader: binding.name }),
    ...(binding?.in === 'query' && { httpQuery: binding.name }),
    ...(binding?.in === 'prefix-headers' && { httpPrefixHeaders: binding.prefix }),
    ...(binding?.in === 'payload' && { httpPayload: 1 }),
    ...(binding?.in === 'status' && { httpResponseCode: 1 }),
    ...(xml?.name !== undefined && { xmlName: xml.name }),
    ...(xml?.isFlattened && { xmlFlattened: 1 }),
    ...(xml?.isAttribute && { xmlAttribute: 1 }),
  };
  const schema = sdkShape(shape, name);
  return Object.keys(traits).length === 0 ? schema : [schema, traits];
}

/** A value as the official clients have it: moments as `Date`. */
export function toSdk(shape: Shape<unknown>, value: unknown): unknown {
  return converted(shape, value, {
    timestamp: (ms) => new Date(ms as number),
    blob: (bytes) => new Uint8Array(bytes as Buffer),
  });
}

/** A value of an official client as operations have it. */
export function fromSdk(shape: Shape<unknown>, value: unknown): unknown {
  return converted(shape, value, {
    timestamp: (date) => (date as Date).getTime(),
    blob: (bytes) => Buffer.from(bytes as Uint8Array),
  });
}

interface Conversion {
  timestamp(value: unknown): unknown;
  blob(value: unknown): unknown;
}

function converted(shape: Shape<unknown>, value: unknown, conversion: Conversion): unknown {
  const { node } = shape;
  if (value === undefined || value === null || value instanceof Unread) return undefined;
  if (node.kind === 'timestamp') return conversion.timestamp(value);
  if (node.kind === 'blob') return conversion.blob(value);
  if (node.kind === 'list') {
    return (value as unknown[]).map((each) => converted(node.of, each, conversion));
  }
  if (node.kind !== 'map' && node.kind !== 'structure') return value;
  const of = (name: string) => (node.kind === 'map' ? node.value : node.members[name]);
  const pairs = Object.entries(value).flatMap(([name, each]) => {
    const own = of(name);
    const found = own && converted(own, each, conversion);
    return found === undefined ? [] : [[name, found] as const];
  });
  return Object.fromEntries(pairs);
}
