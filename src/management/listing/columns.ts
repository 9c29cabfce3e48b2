// Selection of columns.

import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { badRequest } from '../errors.ts';
import { isArray, isObject, own } from '../json/read.ts';
import { columnCountMax } from '../limits.ts';
import type { ApiRequest } from '../request.ts';

/** Columns by name. An empty map selects the whole value. */
export interface Columns extends ReadonlyMap<string, Columns> {}

/**
 * The columns that a request selects; undefined for all.
 *
 * @throws {ManagementError} `bad-request` if there are too many
 */
export function readColumns(request: ApiRequest): Columns | undefined {
  const text = request.param('columns');
  if (text === undefined || text === '') return undefined;
  const paths = text.split(',');
  if (paths.length > columnCountMax) {
    throw badRequest(`${paths.length} columns; at most ${columnCountMax} are allowed`);
  }
  const all: ColumnMap = new Map();
  for (const path of paths) addPath(all, path.split('.'));
  return all;
}

interface ColumnMap extends Map<string, ColumnMap> {}

function addPath(to: ColumnMap, path: readonly string[]): void {
  let at = to;
  for (const name of path) {
    const known = at.get(name);
    if (known !== undefined) at = known;
    else {
      const made: ColumnMap = new Map();
      at.set(name, made);
      at = made;
    }
  }
}

/** Keeps the selected columns of an object, also inside of nested objects. */
export function pickColumns(from: JsonObject, columns: Columns | undefined): JsonObject {
  if (columns === undefined) return from;
  const picked: Record<string, JsonValue> = {};
  for (const [name, inner] of columns) {
    const value = own(from, name);
    if (value === undefined) continue;
    if (inner.size === 0) picked[name] = value;
    else if (isObject(value)) picked[name] = pickColumns(value, inner);
    else if (isArray(value)) {
      picked[name] = value.map((each) => (isObject(each) ? pickColumns(each, inner) : each));
    }
  }
  return picked;
}

/** The value of a column such as `message_stats.publish`; undefined if there is none. */
export function valueAt(from: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = from;
  for (const name of path.split('.')) {
    if (!isObject(value)) return undefined;
    value = own(value, name);
  }
  return value;
}
