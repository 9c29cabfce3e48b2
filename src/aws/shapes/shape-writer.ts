// Writes output values, and the values that audit records show.

import type { Notation } from './notation.ts';
import { type Shape, type ShapeNode, type TimestampFormat, Unread } from './shape.ts';

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;

/** Writes the members that the shape declares. Other members are left out. */
export function writeShape<T>(shape: Shape<T>, value: T, notation: Notation): unknown {
  return write(shape, value, {
    name: (name) => name,
    leavesOut: () => undefined,
    blob: notation.writeBlob,
    timestamp: notation.writeTimestamp,
    double: notation.writeDouble,
  });
}

/**
 * Converts a value for an audit record: member names are in lower camel case, blobs are left out,
 * and sensitive values are left out or replaced.
 */
export function recordShape<T>(shape: Shape<T>, value: T): object {
  const recorded = write(shape, value, {
    name: (name) => name.charAt(0).toLowerCase() + name.slice(1),
    leavesOut: ({ redaction, node }) => (node.kind === 'blob' ? '' : redaction),
    blob: () => undefined,
    timestamp: (ms) => new Date(ms).toISOString(),
    double: (value) => (Number.isFinite(value) ? value : String(value)),
  });
  return typeof recorded === 'object' && recorded !== null ? recorded : {};
}

interface Pen {
  name(member: string): string;
  /** The replacement of a member; an empty string removes it, undefined keeps it. */
  leavesOut(shape: Shape<unknown>): string | undefined;
  blob(bytes: Buffer): unknown;
  timestamp(ms: number, format: TimestampFormat | undefined): unknown;
  double(value: number): unknown;
}

function write(shape: Shape<unknown>, value: unknown, pen: Pen): unknown {
  const instead = pen.leavesOut(shape);
  if (instead !== undefined) return instead === '' ? undefined : instead;
  if (value instanceof Unread) return value.toString();
  const node = shape.node;
  switch (node.kind) {
    case 'structure':
      return writeStructure(node, value as Record<string, unknown>, pen);
    case 'list':
      return (value as unknown[])
        .map((element) => write(node.of, element, pen))
        .filter((element) => element !== undefined);
    case 'map':
      return writeMap(node, value as Record<string, unknown>, pen);
    case 'blob':
      return pen.blob(value as Buffer);
    case 'timestamp':
      return pen.timestamp(value as number, node.format);
    case 'double':
      return pen.double(value as number);
    case 'string':
    case 'enumeration':
    case 'integer':
    case 'long':
    case 'boolean':
    case 'document':
      return value;
  }
}

function writeStructure(
  node: NodeOf<'structure'>,
  value: Record<string, unknown>,
  pen: Pen,
): object {
  const written: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(node.members)) {
    const given = value[name];
    if (given === undefined || given === null) continue;
    const result = write(member, given, pen);
    if (result !== undefined) written[pen.name(name)] = result;
  }
  return written;
}

function writeMap(node: NodeOf<'map'>, value: Record<string, unknown>, pen: Pen): object {
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, given]) => [key, write(node.value, given, pen)] as const)
      .filter(([, given]) => given !== undefined),
  );
}
