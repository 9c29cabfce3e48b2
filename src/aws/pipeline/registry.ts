// The registry of services. It maps each request to an operation.

import { assert } from '../../base/assert.ts';
import type { HttpRequest, RequestHead } from '../../net/http/message.ts';
import { PathTable } from '../../net/http/path-table.ts';
import { RequestError, type Wire } from '../errors.ts';
import { formOf, type Pair, pairsOf } from '../parameters.ts';
import { NoPermission, type Operation, type Service } from '../service.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; their shapes are walked, never guessed.
type AnyOperation = Operation<any, any>;

/** The operation that a request calls. */
export interface Route {
  readonly service: Service;
  /** The wire that the request uses. */
  readonly wire: Wire;
  /** The operation's name: `CreateGrant`. */
  readonly name: string;
  readonly operation: AnyOperation;
  /** Path parameters by name, percent-decoded. Empty except on REST wires. */
  readonly labels: ReadonlyMap<string, string>;
}

/** An operation on a REST wire. Operations that share a method and path differ in their query. */
interface PathRoute extends Omit<Route, 'labels'> {
  /** Parameters that the query must have. An empty value matches any value. */
  readonly query: readonly Pair[];
}

const noLabels: ReadonlyMap<string, string> = new Map();

/** Matches the service in an unverified Authorization header. */
const signedFor =
  /Credential=[^/,\s]{1,128}(?:\/|%2F)\d{8}(?:\/|%2F)[a-z0-9-]{1,64}(?:\/|%2F)([a-z0-9-]{1,64})(?:\/|%2F)/;

/** The services of the API, and the mapping from requests to their operations. */
export class ServiceRegistry {
  readonly #services = new Map<string, Service>();
  /** Paths of all services, and of each service. Two services may have the same paths. */
  readonly #paths = new PathTable<PathRoute[]>();
  readonly #pathsOf = new Map<string, PathTable<PathRoute[]>>();
  #hasUnsignedForms = false;

  /** Adds a service under its unique name. */
  add(service: Service): void {
    assert(!this.#services.has(service.name), `service ${service.name} is already registered`);
    this.#services.set(service.name, service);
    const rest = service.wires.find((wire) => wire === 'rest-json' || wire === 'rest-xml');
    for (const [name, operation] of Object.entries(service.operations)) {
      assert((rest !== undefined) === (operation.http !== undefined), `http of ${name}`);
      const { authentication = 'signature', permissions } = operation;
      const isDeclared = authentication === 'signature' || permissions instanceof NoPermission;
      assert(isDeclared, `${name} has neither a signature nor a declaration of what decides`);
      const isForm = service.wires.includes('query');
      if (isForm && authentication === 'none') this.#hasUnsignedForms = true;
      if (rest !== undefined) this.#addPath({ service, wire: rest, name, operation });
    }
  }

  #addPath(route: Omit<PathRoute, 'query'>): void {
    const { service, operation } = route;
    assert(operation.http !== undefined, 'a REST operation has no path');
    const { method, path, isAlsoHead } = operation.http;
    const [pattern = '', query = ''] = path.split('?');
    const own = this.#pathsOf.get(service.name) ?? new PathTable<PathRoute[]>();
    this.#pathsOf.set(service.name, own);
    const added = { ...route, query: pairsOf(query, false) };
    for (const table of service.isFoundBySignature === true ? [own] : [own, this.#paths]) {
      for (const each of isAlsoHead ? [method, 'HEAD'] : [method]) {
        const routes = table.at(each, pattern, () => []);
        // Without a signature, a path belongs to the first service that declares it.
        if (routes.length > 0 && routes[0]?.service !== service) continue;
        routes.push(added);
        // Operations that require more query parameters are matched first.
        routes.sort((a, b) => b.query.length - a.query.length);
      }
    }
  }

  /** Whether any unsigned operation can be called by a form. Only the body of a form tells. */
  get hasUnsignedForms(): boolean {
    return this.#hasUnsignedForms;
  }

  /** The operation with these names, which must exist. */
  named(serviceName: string, name: string): Route {
    const service = this.#services.get(serviceName);
    const operation = service && operationOf(service, name);
    assert(service !== undefined && operation !== undefined, `no ${serviceName}:${name}`);
    return { service, wire: service.wires[0], name, operation, labels: noLabels };
  }

  /**
   * Finds the operation that a request calls, on wires that do not need the body for this.
   *
   * @param wire from the request's headers; for REST, the operation decides between the two wires
   * @throws {RequestError} `unknown-operation`
   */
  route(wire: Exclude<Wire, 'query'>, request: RequestHead): Route {
    switch (wire) {
      case 'json-1.0':
      case 'json-1.1':
        return this.#byTarget(request);
      case 'rpc-v2-cbor':
        return this.#byServicePath(request);
      case 'rest-json':
      case 'rest-xml':
        return this.#byPath(request);
    }
  }

  /** The REST wire of a request, as far as its headers tell. */
  restWireOf(request: RequestHead): 'rest-json' | 'rest-xml' {
    return this.#signedFor(request)?.wires.includes('rest-xml') ? 'rest-xml' : 'rest-json';
  }

  /**
   * Finds the operation that a request on the `query` wire calls.
   *
   * @throws {RequestError} `unknown-operation`, `unreadable`
   */
  routeForm(request: HttpRequest): Route {
    const form = formOf(request);
    const action = form.get('Action') ?? '';
    const version = form.get('Version');
    const service = this.#find(
      (each) =>
        each.wires.includes('query') && each.apiVersion === version && action in each.operations,
    );
    const operation = service && operationOf(service, action);
    if (!operation) throw unknown(`Action '${action}' of version '${version ?? ''}'`);
    return { service, wire: 'query', name: action, operation, labels: noLabels };
  }

  #byTarget(request: RequestHead): Route {
    const target = request.headers.get('x-amz-target') ?? '';
    const dot = target.lastIndexOf('.');
    const prefix = target.slice(0, Math.max(dot, 0));
    const name = target.slice(dot + 1);
    const service = this.#find((each) => each.targetPrefixes?.includes(prefix) ?? false);
    const wire = service?.wires.find((each) => each === 'json-1.0' || each === 'json-1.1');
    const operation = service && operationOf(service, name);
    const isCall = request.method === 'POST' && request.rawPath === '/';
    if (!operation || !wire || !isCall) {
      throw unknown(`${request.method} ${request.rawPath} '${target}'`);
    }
    return { service, wire, name, operation, labels: noLabels };
  }

  #byServicePath({ method, rawPath }: RequestHead): Route {
    const [, prefix = '', name = ''] = /^\/service\/(\w+)\/operation\/(\w+)$/.exec(rawPath) ?? [];
    const service = this.#find(
      (each) =>
        each.wires.includes('rpc-v2-cbor') && (each.targetPrefixes?.includes(prefix) ?? false),
    );
    const operation = service && operationOf(service, name);
    if (!operation || method !== 'POST') throw unknown(`${method} ${rawPath}`);
    return { service, wire: 'rpc-v2-cbor', name, operation, labels: noLabels };
  }

  #byPath(request: RequestHead): Route {
    const { method, rawPath, rawQuery } = request;
    const own = this.#pathsOf.get(this.#signedFor(request)?.name ?? '');
    for (const table of own ? [own, this.#paths] : [this.#paths]) {
      const found = table.find(method, rawPath);
      const query = found && new Map(pairsOf(rawQuery, false));
      const route = found?.value.find((each) => each.query.every((pair) => fits(pair, query)));
      if (found && route) return { ...route, labels: found.labels };
    }
    throw unknown(`${method} ${rawPath}`);
  }

  #signedFor({ headers, rawQuery }: RequestHead): Service | undefined {
    const [, name] = signedFor.exec(headers.get('authorization') ?? rawQuery) ?? [];
    return name === undefined ? undefined : this.#services.get(name);
  }

  #find(matches: (service: Service) => boolean): Service | undefined {
    for (const service of this.#services.values()) if (matches(service)) return service;
    return undefined;
  }
}

function fits([name, value]: Pair, query: ReadonlyMap<string, string> | undefined): boolean {
  const found = query?.get(name);
  return found !== undefined && (value === '' || found === value);
}

function operationOf(service: Service, name: string): AnyOperation | undefined {
  return Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
}

function unknown(what: string): RequestError {
  const text = what.length > 256 ? `${what.slice(0, 256)}…` : what;
  return new RequestError('unknown-operation', `Unknown operation: ${text}`);
}
