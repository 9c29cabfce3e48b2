import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XMLParser } from 'fast-xml-parser';
import type { EventRecord } from '../../../src/audit/record.ts';
import { parseLine, trailTimeline } from '../../../src/audit/trail.ts';
import type { Operation, Service } from '../../../src/aws/service.ts';
import type { Range, Shape, ShapeNode } from '../../../src/aws/shapes/shape.ts';
import { ControlPlane, region } from '../../support/control-plane.ts';
import { requestFor, smallest } from '../../support/shape-requests.ts';
import { signRequest } from '../../support/sign-request.ts';

// For every member of every operation, a value just beyond each of its limits.

/** A wrong value of one shape, and what is wrong about it. */
interface Wrong {
  readonly what: string;
  readonly value: unknown;
}

type Json = Record<string, unknown>;

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;

/** Every value that breaks one limit of a shape, or of what is in it; all else in it is right. */
function wrongValues(shape: Shape<unknown>): readonly Wrong[] {
  const { node } = shape;
  switch (node.kind) {
    case 'structure':
      return wrongStructures(node, smallest(shape) as Json);
    case 'list':
      return wrongLists(node);
    case 'map':
      return wrongMaps(node);
    case 'string':
      return wrongTexts(node);
    case 'enumeration':
      return [{ what: ' that is not listed', value: 'Nothing' }];
    case 'integer':
    case 'long':
    case 'double':
      return beyond(node, (value) => value, 'integer');
    case 'blob':
      return beyond(node, (length) => Buffer.alloc(length).toString('base64'), 'bytes');
    case 'boolean':
    case 'timestamp':
    case 'document':
      return [];
  }
}

/** One value below the least of a range and one above its greatest, where there can be such. */
function beyond({ min, max }: Range, made: (size: number) => unknown, what: string): Wrong[] {
  const sizes = [...(max === undefined ? [] : [max + 1]), ...(min === undefined ? [] : [min - 1])];
  return sizes
    .filter((size) => size >= 0)
    .map((size) => ({ what: ` of ${size} ${what}`, value: made(size) }));
}

function wrongStructures({ members }: NodeOf<'structure'>, right: Json): Wrong[] {
  return Object.entries(members).flatMap(([name, member]) =>
    wrongValues(member).map(({ what, value }) => {
      return { what: `${name}${what}`, value: { ...right, [name]: value } };
    }),
  );
}

function wrongLists(node: NodeOf<'list'>): Wrong[] {
  const listOf = (length: number) => Array.from({ length }, () => smallest(node.of));
  return [
    ...beyond(node, listOf, 'elements'),
    ...wrongValues(node.of).map(({ what, value }) => ({ what: `[]${what}`, value: [value] })),
  ];
}

function wrongMaps(node: NodeOf<'map'>): Wrong[] {
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, smallest(node.value)]));
  return [
    ...beyond(node, pairs, 'pairs'),
    ...wrongValues(node.key).map(({ what, value: key }) => {
      return { what: `{key}${what}`, value: { [String(key)]: smallest(node.value) } };
    }),
    ...wrongValues(node.value).map(({ what, value }) => {
      return { what: `{value}${what}`, value: { k: value } };
    }),
  ];
}

function wrongTexts(node: NodeOf<'string'>): Wrong[] {
  const { pattern, min = 1 } = node;
  const wrongs = beyond(node, (length) => 'a'.repeat(length), 'characters');
  if (pattern === undefined) return wrongs;
  const outside = ['\u0000', ' ', '\u0100', ':', '\n'].map((each) => each.repeat(Math.max(min, 1)));
  const value = outside.find((each) => !pattern.test(each));
  assert.ok(value, `the pattern ${pattern} lets everything through`);
  return [...wrongs, { what: ' outside its pattern', value }];
}

const xml = new XMLParser({ parseTagValue: false });
const plane = await ControlPlane.inProcess();

interface Answered {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
}

async function answerTo(service: Service, name: string, input: Json): Promise<Answered> {
  const operation = service.operations[name] as Operation<unknown, unknown>;
  const plain = requestFor(service, name, operation, input);
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...plane.credentials, region, service: service.name, atMs };
  const { status, headers, body } = await plane.answer(await signRequest(plain, signing));
  const requestId = headers['x-amzn-RequestId'] ?? headers['x-amz-request-id'] ?? '';
  if (service.wires[0] === 'rest-xml') return { status, ...errorOfXml(body), requestId };
  const code = headers['x-amzn-ErrorType'] ?? '';
  const { message = '' } = body.startsWith('{') ? JSON.parse(body) : {};
  return { status, code, message, requestId };
}

/** The code and the message of an error of Amazon S3. */
function errorOfXml(body: string): Pick<Answered, 'code' | 'message'> {
  const { Error: { Code: code = '', Message: message = '' } = {} } = xml.parse(body) as {
    Error?: { Code?: string; Message?: string };
  };
  return { code, message };
}

async function eventsById(): Promise<ReadonlyMap<string | undefined, EventRecord>> {
  const found = new Map<string | undefined, EventRecord>();
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: false };
  for await (const { bytes } of plane.store.readTimeline(trailTimeline, range)) {
    const { event } = parseLine(bytes);
    found.set(event.requestID, event);
  }
  return found;
}

/** What an empty label or query makes of a path is another path. */
function isPathWithout(service: Service, value: Json): boolean {
  return Boolean(service.wires[0]?.startsWith('rest-')) && Object.values(value).includes('');
}

/** The codes for wrong values on the wires that have one of their own. */
const codes: Readonly<Record<string, string>> = {
  'rest-json': 'BadRequestException',
  'rest-xml': 'InvalidArgument',
};

for (const service of plane.services.filter(({ wires }) => !wires.includes('query'))) {
  const code =
    service.invalidValueCode ?? codes[service.wires[0] as string] ?? 'ValidationException';
  for (const [name, operation] of Object.entries(service.operations)) {
    const wrongs = [...wrongValues(operation.input as Shape<unknown>)];
    if (wrongs.length === 0) continue;
    test(`${service.name} ${name} refuses input beyond a limit and records the call`, async () => {
      const answers: (Answered & { readonly what: string })[] = [];
      for (const { what, value } of wrongs) {
        if (isPathWithout(service, value as Json)) continue;
        answers.push({ what, ...(await answerTo(service, name, value as Json)) });
      }
      assert.ok(answers.length > 0);
      const events = await eventsById();
      for (const { what, status, code: found, message, requestId } of answers) {
        assert.deepEqual([status, found], [400, code], `${what}: ${message}`);
        assert.match(
          message,
          /^1 validation error detected: .* failed to satisfy constraint: /s,
          what,
        );
        assert.ok(message.length < 2000, what);
        // Calls that nobody has authenticated are not recorded.
        if (operation.authentication === 'none') continue;
        const event = events.get(requestId);
        assert.equal(event?.eventName, name, what);
        assert.equal(event.errorCode, code, what);
        assert.equal(event.errorMessage?.slice(0, 200), message.slice(0, 200), what);
      }
    });
  }
}
