/** What an official client knows of a value. */
export type SchemaShape =
  | {
      readonly kind: 'structure';
      /** By their names on the wire. */
      readonly members: ReadonlyMap<
        string,
        { readonly isRequired: boolean; readonly shape: () => SchemaShape }
      >;
    }
  | { readonly kind: 'list' | 'map'; readonly of: () => SchemaShape }
  | { readonly kind: 'string' | 'integer' | 'boolean' | 'blob' | 'timestamp' | 'document' };

/** What an official client knows of an operation. */
export interface SchemaOperation {
  readonly input: () => SchemaShape;
  readonly output: () => SchemaShape;
  /** Whether it has an output, which may have no members. */
  readonly hasOutput: boolean;
  /** `POST /v1/brokers 200`; undefined where all calls go to one path. */
  readonly http: string | undefined;
}

/** An official client's operations by name. */
export type ClientSchema = ReadonlyMap<string, SchemaOperation>;

// The clients carry their schemas as nested arrays that begin with a number for their kind:
// 1 list, 2 map, 3 structure, 4 union, 9 operation; a bare number is a simple type, with 64 added a list and
// with 128 added a map of it; 0 with a name is a simple type with a name; `unit` is nothing at all.

const listOf = 64;
const mapOf = 128;

const simpleKinds = new Map<number, SchemaShape['kind']>([
  [0, 'string'],
  [1, 'integer'],
  [2, 'boolean'],
  [4, 'timestamp'],
  [5, 'timestamp'],
  [7, 'timestamp'],
  [15, 'document'],
  [21, 'blob'],
]);

/** Reads the schemas among what an official client's module exports. */
export function operationsOf(module: object): ClientSchema {
  const found = new Map<string, SchemaOperation>();
  for (const value of Object.values(module)) {
    if (!Array.isArray(value) || value[0] !== 9) continue;
    const [, , name, traits, input, output] = value;
    const http = traits.http && httpOf(traits.http);
    const hasOutput = resolvedOf(output) !== 'unit';
    found.set(name, {
      input: () => shapeOf(input),
      output: () => shapeOf(output),
      hasOutput,
      http,
    });
  }
  return found;
}

/** The path as it is written here: labels begin with a small letter, as all members do. */
function httpOf([method, path, status]: readonly [string, string, number]): string {
  const labelled = path.replace(/\{(\w)/g, (_, first: string) => `{${first.toLowerCase()}`);
  return `${method} ${labelled} ${status}`;
}

function resolvedOf(schema: unknown): unknown {
  return typeof schema === 'function' ? schema() : schema;
}

function shapeOf(schema: unknown): SchemaShape {
  const resolved = resolvedOf(schema);
  if (typeof resolved === 'number') return simple(resolved);
  if (resolved === 'unit') return { kind: 'structure', members: new Map() };
  if (!Array.isArray(resolved)) throw new TypeError(`a schema of type ${typeof resolved}`);
  switch (resolved[0]) {
    case 0:
      return shapeOf(resolved[4]);
    case 1:
      return { kind: 'list', of: () => shapeOf(memberOf(resolved[4])) };
    case 2:
      return { kind: 'map', of: () => shapeOf(memberOf(resolved[5])) };
    case 3:
    case 4: // a union, whose members are those of a structure
      return structure(resolved[4], resolved[5], resolved[6] ?? 0);
    default:
      throw new TypeError(`a schema of kind ${String(resolved[0])}`);
  }
}

function simple(code: number): SchemaShape {
  if (code >= mapOf) return { kind: 'map', of: () => simple(code - mapOf) };
  if (code >= listOf) return { kind: 'list', of: () => simple(code - listOf) };
  const kind = simpleKinds.get(code);
  if (kind === undefined) throw new TypeError(`a simple schema ${code}`);
  return { kind } as SchemaShape; // simpleKinds has no list, map or structure
}

/** The required members come first. */
function structure(
  names: readonly string[],
  schemas: readonly unknown[],
  requiredCount: number,
): SchemaShape {
  const members = names.map((name, index) => {
    const member = schemas[index];
    const isRequired = index < requiredCount;
    const shape = () => shapeOf(memberOf(member));
    return [wireName(name, member), { isRequired, shape }] as const;
  });
  return { kind: 'structure', members: new Map(members) };
}

/** A member with traits is a pair of its schema and them. */
function memberOf(member: unknown): unknown {
  return isWithTraits(member) ? member[0] : member;
}

function isWithTraits(member: unknown): member is readonly [unknown, unknown] {
  return Array.isArray(member) && member.length === 2;
}

function wireName(name: string, member: unknown): string {
  if (!isWithTraits(member)) return name;
  const traits = member[1];
  if (typeof traits === 'object' && traits !== null) {
    const { jsonName, httpQuery } = traits as { jsonName?: string; httpQuery?: string };
    return jsonName ?? httpQuery ?? name;
  }
  // The lowest bit marks a label of the path, which has no name in JSON.
  const isLabel = typeof traits === 'number' && traits % 2 === 1;
  return isLabel ? name.charAt(0).toLowerCase() + name.slice(1) : name;
}
