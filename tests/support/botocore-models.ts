// The service models in botocore.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The constraints of an input member in a service model. */
export interface ModelConstraints {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly values?: readonly string[];
}

interface ModelShape {
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
}

interface Model {
  readonly operations: Readonly<Record<string, { readonly input?: { readonly shape: string } }>>;
  readonly shapes: Readonly<Record<string, ModelShape>>;
}

/**
 * The service models that botocore brings.
 *
 * @see https://github.com/boto/botocore/tree/develop/botocore/data
 */
export class BotocoreModel {
  readonly #model: Model;

  /** @param folder botocore's own, which has `data` in it */
  static read(folder: string, service: string, apiVersion: string): BotocoreModel | undefined {
    const path = join(folder, 'data', service, apiVersion, 'service-2.json');
    if (existsSync(path)) return new BotocoreModel(JSON.parse(readFileSync(path, 'utf8')));
    if (!existsSync(`${path}.gz`)) return undefined;
    return new BotocoreModel(JSON.parse(gunzipSync(readFileSync(`${path}.gz`)).toString('utf8')));
  }

  private constructor(model: Model) {
    this.#model = model;
  }

  /** Every constraint on an operation's input, by path: `Member`, `Member.element`, `Map.key`. */
  constraintsOf(operation: string): ReadonlyMap<string, ModelConstraints> {
    const found = new Map<string, ModelConstraints>();
    const input = this.#model.operations[operation]?.input;
    if (input) this.#collect(input.shape, '', found);
    return found;
  }

  #collect(name: string, path: string, found: Map<string, ModelConstraints>): void {
    const shape = this.#model.shapes[name];
    if (shape === undefined) throw new Error(`the model has no shape ${name}`);
    const { min, max, pattern, enum: values } = shape;
    const constraints = {
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
      ...(pattern !== undefined && { pattern }),
      ...(values && { values }),
    };
    if (Object.keys(constraints).length > 0) found.set(path, constraints);
    for (const [member, { shape: of }] of Object.entries(shape.members ?? {})) {
      this.#collect(of, path === '' ? member : `${path}.${member}`, found);
    }
    for (const [part, of] of [
      ['element', shape.member],
      ['key', shape.key],
      ['value', shape.value],
    ] as const) {
      if (of) this.#collect(of.shape, `${path}.${part}`, found);
    }
  }
}
