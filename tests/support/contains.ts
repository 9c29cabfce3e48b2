// Comparison of a part of a value.

import assert from 'node:assert/strict';

/** Checks that a value has all members of another one, including in nested objects. Lists must be equal. */
export function assertContains(found: unknown, expected: object, message?: string): void {
  assert.deepEqual(partOf(found, expected), expected, message);
}

/** The members of a value that another one has. */
function partOf(found: unknown, expected: unknown): unknown {
  if (!isObject(found) || !isObject(expected)) return found;
  const names = Object.keys(expected).filter((name) => Object.hasOwn(found, name));
  return Object.fromEntries(names.map((name) => [name, partOf(found[name], expected[name])]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
