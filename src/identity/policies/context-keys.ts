// The condition keys that a policy uses.

import { isObject } from './statements.ts';

/** A variable that names a condition key, perhaps with a default: `${aws:username, 'none'}`. */
const variable = /\$\{([^\s${},'"*?][^\s${},'"*?]*)(?:\s*,\s*'[^'{}]*')?\}/g;

/**
 * Lists the keys in the conditions and variables of a policy, as they are written there, each once
 * without regard to case. A document that is not valid uses none.
 *
 * @param text a policy document
 */
export function contextKeysOf(text: string): readonly string[] {
  const document = parsed(text);
  if (!isObject(document)) return [];
  const hasVariables = document['Version'] === '2012-10-17';
  const keys = new Map<string, string>();
  const add = (key: string) => {
    const folded = key.toLowerCase();
    if (!keys.has(folded)) keys.set(folded, key);
  };
  const addVariables = (value: unknown) => {
    if (!hasVariables) return;
    for (const each of listOf(value)) {
      if (typeof each !== 'string') continue;
      for (const [, key] of each.matchAll(variable)) add(key ?? '');
    }
  };
  for (const statement of listOf(document['Statement'])) {
    if (!isObject(statement)) continue;
    addVariables(statement['Resource']);
    addVariables(statement['NotResource']);
    for (const comparisons of valuesOf(statement['Condition'])) {
      if (!isObject(comparisons)) continue;
      for (const [key, expected] of Object.entries(comparisons)) {
        add(key);
        addVariables(expected);
      }
    }
  }
  return [...keys.values()];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a stored document that is not valid denies everything, without any key
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function valuesOf(value: unknown): readonly unknown[] {
  return isObject(value) ? Object.values(value) : [];
}
