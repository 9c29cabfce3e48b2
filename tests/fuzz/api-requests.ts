// Random requests to the API.

import type { Operation, Service } from '../../src/aws/service.ts';
import type { HttpRequest } from '../../src/net/http/message.ts';
import { type ControlPlane, region } from '../support/control-plane.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { type PlainRequest, signRequest } from '../support/sign-request.ts';
import { type Pool, randomValue } from './api-values.ts';

/** A request before it is signed. */
export interface Unsigned extends PlainRequest {
  /** The signing name. */
  readonly service: string;
}

/** A request that some client might send: right, wrong, damaged, or signed by nobody. */
export async function randomRequest(
  plane: ControlPlane,
  random: SeededRandom,
  pool: Pool,
): Promise<HttpRequest> {
  const [service, name, operation] = random.pick(
    plane.services.flatMap((each) =>
      Object.entries(each.operations).map((entry) => [each, ...entry] as const),
    ),
  );
  const right = requestOf(service, name, operation, random, pool);
  const plain = random.oneIn(8) ? bent(right, random) : right;
  const signed = await signed4(plane, plain);
  return random.oneIn(8) ? tampered(signed, random) : signed;
}

/** Signs a request with the root user's key. */
export function signed4(
  plane: ControlPlane,
  { service, ...plain }: Unsigned,
): Promise<HttpRequest> {
  const atMs = plane.machine.clock.nowMs();
  return signRequest(plain, { ...plane.credentials, region, service, atMs });
}

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; their shapes are walked.
type AnyOperation = Operation<any, any>;

function requestOf(
  service: Service,
  name: string,
  operation: AnyOperation,
  random: SeededRandom,
  pool: Pool,
): Unsigned {
  const given = randomValue(operation.input, '', random, pool);
  if (service.wires[0] === 'json-1.1')
    return jsonRequest(service, name, body(given, random), random);
  if (service.wires[0] === 'query') return queryRequest(service, name, random);
  return restRequest(service, operation, given, random);
}

/** A call of a service that is named in a header. */
export function jsonRequest(
  service: Service,
  name: string,
  body: string | Buffer,
  random: SeededRandom,
): Unsigned {
  const prefix = random.pick(service.targetPrefixes ?? []);
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `${prefix}.${name}`,
  };
  return { service: service.name, method: 'POST', path: '/', headers, body };
}

/** A call of a service that takes forms, in its body or in its query. */
function queryRequest(service: Service, name: string, random: SeededRandom): Unsigned {
  const pairs = { Action: name, Version: service.apiVersion, ...(random.oneIn(4) && { x: 'é' }) };
  const common = { service: service.name, path: '/' };
  if (random.oneIn(3)) return { ...common, method: 'GET', headers: {}, query: pairs, body: '' };
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return { ...common, method: 'POST', headers, body: new URLSearchParams(pairs).toString() };
}

function restRequest(
  service: Service,
  { http }: AnyOperation,
  given: unknown,
  random: SeededRandom,
): Unsigned {
  const { method = 'GET', path: pattern = '/' } = http ?? {};
  const members = typeof given === 'object' && given !== null ? Object.entries(given) : [];
  const values = new Map<string, unknown>(members);
  const path = pattern.replace(/\{(\w+)\}/g, (_, label: string) => {
    const value = values.get(label) ?? 'x';
    values.delete(label);
    return encodeURIComponent(asText(value)) || 'x';
  });
  const common = { service: service.name, method, path, headers: {} };
  if (method !== 'GET' && method !== 'DELETE') {
    return { ...common, body: body(Object.fromEntries(values), random) };
  }
  const query: Record<string, string | string[]> = {};
  for (const [name, value] of values) {
    query[asText(name)] = Array.isArray(value) ? value.map(asText) : asText(value);
  }
  return { ...common, query, body: '' };
}

/** A text that can be percent-encoded. */
function asText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.slice(0, 500).replace(/\p{Surrogate}/gu, '?');
}

const bodies = ['', 'null', '[]', '"x"', '0', '{', '{}x', '{"a":1e999}', '\ufeff{}', ' {} ', '{,}'];

/** A value as JSON; sometimes something else in its place. */
function body(value: unknown, random: SeededRandom): string | Buffer {
  const text = JSON.stringify(value) ?? '';
  switch (random.below(24)) {
    case 0:
      return random.damaged(Buffer.from(text));
    case 1:
      return text.slice(0, random.below(text.length + 1));
    case 2:
      return random.pick(bodies);
    case 3: {
      const depth = random.pick([63, 64, 65, 1000, 100_000]);
      return random.oneIn(2) ? '['.repeat(depth) : '{"KeyId":'.repeat(depth);
    }
    case 4:
      return Buffer.concat([Buffer.from(text), random.bytes(20)]);
    case 5:
      return text.replaceAll('"a"', `"${String.fromCharCode(0xd800)}"`).replace('{', '{"":0,');
    case 6:
      return random.bytes(200);
    default:
      return text;
  }
}

const targets = [
  '',
  '.',
  'TrentService',
  'TrentService.',
  'TrentService.constructor',
  'TrentService.__proto__',
  'trentservice.ListKeys',
  'CloudTrail_20131101.Nothing',
  'x'.repeat(3000),
];
const paths = ['/', '//', '/v1', '/v1/', '/v1/brokers/', '/v1//users', '/v2/brokers', '/%00', '/%'];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY'];
const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/cbor', ''];

/** Changes a part of a request before it is signed. */
export function bent(plain: Unsigned, random: SeededRandom): Unsigned {
  const { headers } = plain;
  switch (random.below(6)) {
    case 0:
      return { ...plain, method: random.pick(methods) };
    case 1:
      return { ...plain, path: random.pick(paths) };
    case 2:
      return { ...plain, headers: { ...headers, 'x-amz-target': random.pick(targets) } };
    case 3:
      return { ...plain, headers: { ...headers, 'content-type': random.pick(types) } };
    case 4: {
      const value = random.pick(['', 'GetCallerIdentity', '<a>&"', '\u0001', '2011-06-15']);
      return { ...plain, query: { ...plain.query, Action: value, Version: value } };
    }
    default:
      return { ...plain, service: random.pick(['kms', 'mq', 'cloudtrail', 'sts', '']) };
  }
}

/** Changes a part of a request after it was signed. */
export function tampered(request: HttpRequest, random: SeededRandom): HttpRequest {
  const headers = new Map(request.headers);
  const names = [...headers.keys()];
  const authorization = headers.get('authorization') ?? '';
  switch (random.below(8)) {
    case 0:
      headers.delete(random.pick(names));
      break;
    case 1:
      headers.set(random.pick(names), random.bytes(60).toString('latin1'));
      break;
    case 2:
      headers.set('authorization', damagedText(authorization, random));
      break;
    case 3:
      headers.set(
        'authorization',
        authorization.replace(/[0-9a-f]$/, (digit) => nextHex(digit)),
      );
      break;
    case 4:
      headers.set('x-amz-date', random.pick(['', '20261123T200400Z', 'Mon', '99999999T999999Z']));
      break;
    case 5:
      headers.set(`x-amz-${random.pick(['security-token', 'content-sha256', 'x'])}`, 'x');
      break;
    case 6:
      return { ...request, body: Buffer.concat([request.body, Buffer.from(' ')]) };
    default: {
      const rawQuery = random.pick([
        'X-Amz-Signature=x',
        'X-Amz-Algorithm=AWS4-HMAC-SHA256',
        '%=%',
      ]);
      return { ...request, rawQuery };
    }
  }
  return { ...request, headers };
}

function nextHex(digit: string): string {
  return ((Number.parseInt(digit, 16) + 1) % 16).toString(16);
}

function damagedText(text: string, random: SeededRandom): string {
  return random.damaged(Buffer.from(text)).toString('latin1');
}
