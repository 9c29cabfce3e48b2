import { assert } from '../../base/assert.ts';
import { RequestError, type Wire } from '../errors.ts';
import { decoded, type HttpRequest, pairsOf, type RequestHead } from '../request.ts';
import type { Operation, Service } from '../service.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; their shapes are walked, never guessed.
type AnyOperation = Operation<any, any>;

/** Which operation a request calls. */
export interface Route {
  readonly service: Service;
  /** The operation's name, `CreateGrant`. */
  readonly name: string;
  readonly operation: AnyOperation;
  /** rest-json only: the path's variable parts by name, decoded. */
  readonly labels: ReadonlyMap<string, string>;
}

interface PathRoute {
  readonly method: string;
  readonly segments: readonly string[];
  readonly service: Service;
  readonly name: string;
  readonly operation: AnyOperation;
}

const noLabels: ReadonlyMap<string, string> = new Map();

/** The services behind the front door, and which request means which operation. */
export class ServiceRegistry {
  readonly #services = new Map<string, Service>();
  readonly #paths: PathRoute[] = [];

  /** Adds a service; its name, and the paths of its operations, are its own. */
  add(service: Service): void {
    assert(!this.#services.has(service.name), `service ${service.name} is there already`);
    this.#services.set(service.name, service);
    for (const [name, operation] of Object.entries(service.operations)) {
      const { http } = operation as AnyOperation;
      assert((service.wire === 'rest-json') === (http !== undefined), `http of ${name}`);
      if (!http) continue;
      const segments = http.path.split('/');
      this.#paths.push({ method: http.method, segments, service, name, operation });
    }
  }

  /** The operation of a service by their names; they must exist. */
  named(serviceName: string, name: string): Route {
    const service = this.#services.get(serviceName);
    const operation = service && operationOf(service, name);
    assert(service !== undefined && operation !== undefined, `no ${serviceName}:${name}`);
    return { service, name, operation, labels: noLabels };
  }

  /**
   * The operation that a request calls, on the wires that tell it before the body.
   *
   * @throws {RequestError} `unknown-operation`
   */
  route(wire: Exclude<Wire, 'query'>, request: RequestHead): Route {
    return wire === 'json-1.1' ? this.#byTarget(request) : this.#byPath(request);
  }

  /**
   * The operation that a request of the `query` wire calls.
   *
   * @throws {RequestError} `unknown-operation`, `unreadable`
   */
  routeForm(request: HttpRequest): Route {
    return this.#byAction(request);
  }

  #byTarget(request: RequestHead): Route {
    const target = request.headers.get('x-amz-target') ?? '';
    const dot = target.lastIndexOf('.');
    const prefix = target.slice(0, Math.max(dot, 0));
    const name = target.slice(dot + 1);
    const service = this.#find((each) => each.targetPrefixes?.includes(prefix) ?? false);
    const operation = service && operationOf(service, name);
    const isCall = request.method === 'POST' && request.rawPath === '/';
    if (!operation || !isCall) throw unknown(`${request.method} ${request.rawPath} '${target}'`);
    return { service, name, operation, labels: noLabels };
  }

  #byPath(request: RequestHead): Route {
    const segments = request.rawPath.split('/');
    for (const path of this.#paths) {
      if (path.method !== request.method || path.segments.length !== segments.length) continue;
      const labels = labelsOf(path.segments, segments);
      if (labels) return { ...path, labels };
    }
    throw unknown(`${request.method} ${request.rawPath}`);
  }

  #byAction(request: HttpRequest): Route {
    const form = formOf(request);
    const action = form.get('Action') ?? '';
    const version = form.get('Version');
    const service = this.#find(
      (each) => each.wire === 'query' && each.apiVersion === version && action in each.operations,
    );
    const operation = service && operationOf(service, action);
    if (!operation) throw unknown(`Action '${action}' of version '${version ?? ''}'`);
    return { service, name: action, operation, labels: noLabels };
  }

  #find(matches: (service: Service) => boolean): Service | undefined {
    for (const service of this.#services.values()) if (matches(service)) return service;
    return undefined;
  }
}

/** How a request is written, by which its answer will be too, be it an error. */
export function wireOf(request: RequestHead): Wire {
  if (request.headers.has('x-amz-target')) return 'json-1.1';
  const type = request.headers.get('content-type') ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) return 'query';
  return /(?:^|&)Action(?:=|&|$)/.test(request.rawQuery) ? 'query' : 'rest-json';
}

/** The form of a request of the `query` wire: its query string and its body. */
export function formOf(request: HttpRequest): Map<string, string> {
  const body = request.method === 'POST' ? request.body.toString('utf8') : '';
  return new Map([...pairsOf(request.rawQuery, true), ...pairsOf(body, true)]);
}

function operationOf(service: Service, name: string): AnyOperation | undefined {
  return Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
}

/** The path's variable parts, or undefined where it is another path. */
function labelsOf(
  pattern: readonly string[],
  segments: readonly string[],
): Map<string, string> | undefined {
  const labels = new Map<string, string>();
  for (const [index, expected] of pattern.entries()) {
    const found = segments[index] ?? '';
    if (!expected.startsWith('{')) {
      if (found !== expected) return undefined;
    } else {
      if (found === '') return undefined;
      labels.set(expected.slice(1, -1), decoded(found));
    }
  }
  return labels;
}

function unknown(what: string): RequestError {
  const text = what.length > 256 ? `${what.slice(0, 256)}…` : what;
  return new RequestError('unknown-operation', `No operation is known for ${text}`);
}
