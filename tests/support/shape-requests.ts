// Requests and large inputs from shapes.

import type { Wire } from '../../src/aws/errors.ts';
import type { Operation, Service } from '../../src/aws/service.ts';
import type { Shape, ShapeNode } from '../../src/aws/shapes/shape.ts';
import { writeCbor } from '../../src/aws/wires/cbor-body.ts';
import type { PlainRequest } from './sign-request.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; their shapes are walked.
type AnyOperation = Operation<any, any>;

/**
 * The request by which an official client calls an operation.
 *
 * @param input in JSON's types
 * @param wire one of the service
 */
export function requestFor(
  service: Service,
  name: string,
  operation: AnyOperation,
  input: Readonly<Record<string, unknown>>,
  wire: Wire = service.wires[0],
): PlainRequest {
  const [prefix] = service.targetPrefixes ?? [];
  switch (wire) {
    case 'json-1.0':
    case 'json-1.1': {
      const target = { 'x-amz-target': `${prefix}.${name}` };
      const headers = { 'content-type': `application/x-amz-${wire}`, ...target };
      return { method: 'POST', path: '/', headers, body: JSON.stringify(input) };
    }
    case 'rpc-v2-cbor': {
      const headers = { 'content-type': 'application/cbor', 'smithy-protocol': wire };
      const path = `/service/${prefix}/operation/${name}`;
      return { method: 'POST', path, headers, body: writeCbor(cborOf(input, operation.input)) };
    }
    case 'rest-json':
      return restRequest(operation, input);
    case 'rest-xml':
      return bucketRequest(operation, input);
    case 'query': {
      const call = { Action: name, Version: service.apiVersion };
      const body = new URLSearchParams({ ...call, ...formOf(input, operation.input) }).toString();
      const type = 'application/x-www-form-urlencoded; charset=utf-8';
      return { method: 'POST', path: '/', headers: { 'content-type': type }, body };
    }
  }
}

/** Values of JSON's types in those of CBOR: timestamps are dates, blobs are bytes. */
function cborOf(value: unknown, shape?: Shape<unknown>): unknown {
  const node = shape?.node;
  if (node?.kind === 'timestamp' && typeof value === 'number') return new Date(value * 1000);
  if (node?.kind === 'blob' && typeof value === 'string') return Buffer.from(value, 'base64');
  if (Array.isArray(value)) {
    return value.map((each) => cborOf(each, node?.kind === 'list' ? node.of : undefined));
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = node?.kind === 'structure' ? node.members : {};
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, each]) => [name, cborOf(each, members[name])]));
}

function restRequest(
  { http, input: shape }: AnyOperation,
  input: Readonly<Record<string, unknown>>,
): PlainRequest {
  const { method = 'GET', path: pattern = '/' } = http ?? {};
  const values = new Map(Object.entries(input));
  const bindingOf = (name: string) =>
    shape.node.kind === 'structure' ? shape.node.members[name]?.binding : undefined;
  const headers: Record<string, string> = {};
  const named = new Map<string, unknown>();
  for (const [name, value] of Object.entries(input)) {
    const binding = bindingOf(name);
    if (binding?.in !== 'header' && binding?.in !== 'query') continue;
    if (binding.in === 'header') headers[binding.name] = String(value);
    else named.set(binding.name, value);
    values.delete(name);
  }
  const path = pattern.replace(/\{(\w+)\}/g, (_, label: string) => {
    const value = String(values.get(label));
    values.delete(label);
    return encodeURIComponent(value);
  });
  const rest = Object.fromEntries([...values, ...named]);
  if (method === 'GET' || method === 'DELETE') {
    return { method, path, headers, query: textsOf(rest), body: '' };
  }
  return { method, path, headers, body: JSON.stringify(rest) };
}

/** A request without a body, whose members are in its path and query. */
function bucketRequest(
  { http, input: shape }: AnyOperation,
  input: Readonly<Record<string, unknown>>,
): PlainRequest {
  const { method = 'GET', path: pattern = '/' } = http ?? {};
  const [labelled = '', fixed = ''] = pattern.split('?');
  const path = labelled.replace(/\{(\w+)\+?\}/g, (_, label: string) =>
    encodeURIComponent(String(input[label])),
  );
  const query: Record<string, string> = Object.fromEntries(new URLSearchParams(fixed));
  const members = shape.node.kind === 'structure' ? shape.node.members : {};
  for (const [name, value] of Object.entries(input)) {
    const binding = members[name]?.binding;
    if (binding?.in === 'query') query[binding.name] = String(value);
  }
  return { method, path, headers: {}, query, body: '' };
}

/** Members as the parameters of a form: lists are numbered from 1, and timestamps in ISO 8601. */
function formOf(value: unknown, shape?: Shape<unknown>, name = ''): Record<string, string> {
  const node = shape?.node;
  if (node?.kind === 'timestamp') return { [name]: timestampOf(value) };
  if (typeof value !== 'object' || value === null) return { [name]: String(value) };
  const parts = Array.isArray(value)
    ? value.map((each, index) => {
        const of = node?.kind === 'list' ? node.of : undefined;
        return formOf(each, of, `${name}.member.${index + 1}`);
      })
    : Object.entries(value).map(([member, each]) => {
        const of = node?.kind === 'structure' ? node.members[member] : undefined;
        return formOf(each, of, name === '' ? member : `${name}.${member}`);
      });
  return Object.assign({}, ...parts);
}

/** A timestamp in ISO 8601; other values as they are. */
function timestampOf(value: unknown): string {
  const date = new Date(typeof value === 'number' ? value * 1000 : Number.NaN);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString();
}

function textsOf(input: Readonly<Record<string, unknown>>): Record<string, string | string[]> {
  const texts = Object.entries(input).map(([name, value]) => {
    return [name, Array.isArray(value) ? value.map(String) : String(value)] as const;
  });
  return Object.fromEntries(texts);
}

/**
 * Characters of which at least one is in every pattern; those that grow most in JSON come first.
 */
const characters = ['\u0001', '"', 'é', '/', 'a', '1'];

/** Texts for patterns that no repeated character fits. */
const others = [
  'v1',
  'eu-west-1',
  'https://xks.example',
  '/kms/xks/v1',
  'com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789',
  'A'.repeat(20),
];

/**
 * About the largest value that a shape allows, in JSON's types: texts of what grows most in JSON,
 * lists and maps full.
 */
export function largest(shape: Shape<unknown>): unknown {
  return made(shape, true);
}

/** A value that a shape allows, with no members but the required ones. */
export function smallest(shape: Shape<unknown>): unknown {
  return made(shape, false);
}

/** Characters of the texts in a list or map, which the door's largest body bounds too. */
const innerTextMax = 512;

function made({ node }: Shape<unknown>, isLarge: boolean, isInner = false): unknown {
  switch (node.kind) {
    case 'structure': {
      const wanted = ([, member]: [string, Shape<unknown>]) => isLarge || 'required' in member;
      const members = Object.entries(node.members).filter(wanted);
      return Object.fromEntries(
        members.map(([name, each]) => [name, made(each, isLarge, isInner)]),
      );
    }
    case 'list': {
      const length = isLarge ? (node.max ?? 1) : Math.max(node.min ?? 1, 1);
      return Array.from({ length }, () => made(node.of, isLarge, true));
    }
    case 'map': {
      const length = (isLarge ? node.max : node.min) ?? 0;
      const pairs = Array.from({ length }, (_, index) => {
        const key = String(made(node.key, isLarge, true)).slice(String(index).length);
        return [`${index}${key}`, made(node.value, isLarge, true)];
      });
      return Object.fromEntries(pairs);
    }
    default:
      return madeSimple(node, isLarge, isInner);
  }
}

function madeSimple(node: ShapeNode, isLarge: boolean, isInner: boolean): unknown {
  switch (node.kind) {
    case 'string': {
      const { min = 1, max = 1 } = node;
      const largest = isInner ? Math.min(max, Math.max(min, innerTextMax)) : max;
      return textOf(node, isLarge ? largest : Math.max(min, 1), isLarge);
    }
    case 'enumeration':
      return node.values[0];
    case 'integer':
    case 'long':
    case 'double':
      return node.min ?? 5;
    case 'blob': {
      const { min = 1, max = 1 } = node;
      return Buffer.alloc(isLarge ? max : Math.max(min, 1)).toString('base64');
    }
    case 'boolean':
      return false;
    case 'timestamp':
      return 1;
    default:
      return {};
  }
}

function textOf({ pattern }: { pattern?: RegExp }, length: number, isLarge: boolean): string {
  const texts = characters.map((each) => each.repeat(length));
  const fits = (text: string) => pattern?.test(text) ?? true;
  return (
    (isLarge ? texts.find(fits) : texts.findLast(fits)) ?? others.find(fits) ?? 'a'.repeat(length)
  );
}
