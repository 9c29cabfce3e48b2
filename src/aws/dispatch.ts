import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { AwsError, inWordsOf, RequestError, type Wire } from './errors.ts';
import { json } from './json.ts';
import { perform, type Steps } from './pipeline.ts';
import { query } from './query.ts';
import { type Route, type ServiceRegistry, wireOf } from './registry.ts';
import type { HttpRequest, HttpResponse } from './request.ts';
import { restJson } from './rest-json.ts';
import type { CallContext, Caller, Service } from './service.ts';
import type { WireFormat } from './wire.ts';

/** A request that was refused before it was known who sent it: for the security log. */
export interface RefusedRequest {
  readonly requestId: string;
  readonly atMs: number;
  readonly peerAddress: string;
  readonly userAgent: string;
  readonly method: string;
  /** The path as sent. */
  readonly path: string;
  /** `kms:CreateGrant`, where it was known by then. */
  readonly action: string | undefined;
  readonly code: string;
  readonly message: string;
}

/** What the dispatcher works with. */
export interface DispatcherOptions {
  readonly services: ServiceRegistry;
  readonly steps: Steps & {
    /**
     * Finds out who calls.
     *
     * @throws {RequestError} where the request does not prove it
     */
    authenticate(request: HttpRequest, service: Service): Caller;
    /** Told of requests that were refused before it was known who sent them. */
    refused(request: RefusedRequest): void;
  };
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
}

const wires: Readonly<Record<Wire, WireFormat>> = {
  'json-1.1': json,
  'rest-json': restJson,
  query,
};

/** The one front door for calls over HTTP. */
export class Dispatcher {
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Answers a request; every failure is an answer too, so this never rejects. */
  async answer(request: HttpRequest): Promise<HttpResponse> {
    const { services, steps, random } = this.#options;
    const requestId = random.uuid();
    const wire = wireOf(request);
    let route: Route | undefined;
    let caller: Caller;
    try {
      route = services.route(wire, request);
      caller = steps.authenticate(request, route.service);
    } catch (error) {
      return this.#refuse(request, wire, route, requestId, error);
    }
    const format = wires[route.service.wire];
    const context = this.#context(request, caller, requestId);
    try {
      const read = () => format.read(route, request);
      const now = () => this.#options.clock.nowMs();
      const output = await perform({ route, context, read }, steps, now);
      return format.write(route, output, requestId);
    } catch (error) {
      if (error instanceof AwsError) return format.fail(error, requestId);
      steps.broken(error, context);
      return format.fail(internal(wire, error), requestId);
    }
  }

  /** Answers what came too large to be read: nobody knows who sent it. */
  tooLarge(request: HttpRequest, limitBytes: number): HttpResponse {
    const text = `The request is larger than the ${limitBytes} bytes allowed`;
    const error = new RequestError('too-large', text);
    return this.#refuse(request, wireOf(request), undefined, this.#options.random.uuid(), error);
  }

  #refuse(
    request: HttpRequest,
    wire: Wire,
    route: Route | undefined,
    requestId: string,
    error: unknown,
  ): HttpResponse {
    const failure = error instanceof RequestError ? inWordsOf(wire, error) : internal(wire, error);
    this.#options.steps.refused({
      requestId,
      atMs: this.#options.clock.nowMs(),
      peerAddress: request.peerAddress,
      userAgent: request.headers.get('user-agent') ?? '',
      method: request.method,
      path: request.rawPath,
      action: route?.operation.action,
      code: failure.code,
      message: failure.message,
    });
    return wires[wire].fail(failure, requestId);
  }

  #context(request: HttpRequest, caller: Caller, requestId: string): CallContext {
    const { region, accountId, clock, random } = this.#options;
    const host = request.headers.get('host') ?? '';
    return {
      caller,
      invokedBy: undefined,
      requestId,
      eventId: random.uuid(),
      region,
      accountId,
      sourceIp: request.peerAddress,
      userAgent: request.headers.get('user-agent') ?? '',
      ...(request.tls && { tls: { ...request.tls, host } }),
      nowMs: clock.nowMs(),
    };
  }
}

function internal(wire: Wire, error: unknown): AwsError {
  const text = 'An internal failure; the log tells more under the id of this request.';
  return inWordsOf(wire, new RequestError('internal', text, { cause: error }));
}
