import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { Caller } from '../../calls/caller.ts';
import { AwsError, inWordsOf, RequestError, type RequestErrorCode, type Wire } from '../errors.ts';
import type { HttpRequest, HttpResponse, RequestHead } from '../request.ts';
import type { Claim } from '../signing/authenticate.ts';
import { json } from '../wires/json.ts';
import { query } from '../wires/query.ts';
import { restJson } from '../wires/rest-json.ts';
import type { WireFormat } from '../wires/wire.ts';
import { type PipelineHooks, perform } from './pipeline.ts';
import { type Route, type ServiceRegistry, wireOf } from './registry.ts';

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
  /** The access key that it was to be signed with, where there is such a key. */
  readonly accessKeyId: string | undefined;
  readonly reason: RequestErrorCode;
  /** The reason in AWS's words. */
  readonly code: string;
  readonly message: string;
}

/** What is known of a request before its body is read. */
export interface Admission {
  /** What to answer without reading the body; undefined where the request may go on. */
  readonly refusal: HttpResponse | undefined;
  /** Whether it is known who sent the request. */
  readonly isProven: boolean;
  /** Answers the request; every failure is an answer too, so this never rejects. */
  answer(body: Buffer): Promise<HttpResponse>;
}

/** What the dispatcher works with. */
export interface DispatcherOptions {
  readonly services: ServiceRegistry;
  readonly hooks: PipelineHooks & {
    /**
     * Finds out who calls, as far as a request tells without its body.
     *
     * @param serviceName the service that is called; undefined where the body tells
     * @throws {RequestError} where the request does not prove it
     */
    claim(request: RequestHead, serviceName: string | undefined): Claim;
    /** Told of requests that were refused before it was known who sent them. */
    refused(request: RefusedRequest): void;
  };
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** A request on its way through the door. */
interface Incoming {
  readonly head: RequestHead;
  readonly wire: Wire;
  readonly requestId: string;
  /** Undefined until it is known what the request calls. */
  route: Route | undefined;
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

  /** Answers a request that is there as a whole. */
  answer(request: HttpRequest): Promise<HttpResponse> {
    const { refusal, answer } = this.admit(request);
    return refusal === undefined ? answer(request.body) : Promise.resolve(refusal);
  }

  /**
   * Looks at a request before its body is read, so that nothing of a stranger's body need be kept:
   * what it calls, and who calls as far as that can be told.
   */
  admit(head: RequestHead): Admission {
    const requestId = this.#options.random.uuid();
    const wire = wireOf(head);
    const call: Incoming = { head, wire, requestId, route: undefined };
    try {
      const { services, hooks } = this.#options;
      if (wire !== 'query') call.route = services.route(wire, head);
      const claim = hooks.claim(head, call.route?.service.name);
      const admission = {
        refusal: undefined,
        isProven: claim.isProven,
        answer: (body: Buffer) => {
          const caller = this.#prove(call, claim, body);
          if (!('status' in caller)) admission.isProven = true;
          return 'status' in caller ? Promise.resolve(caller) : this.#perform(call, caller, body);
        },
      };
      return admission;
    } catch (error) {
      const refusal = this.#refuse(call, error);
      return { refusal, isProven: false, answer: () => Promise.resolve(refusal) };
    }
  }

  /** Who calls, or what to answer where the body does not prove it. */
  #prove(call: Incoming, claim: Claim, body: Buffer): Caller | HttpResponse {
    try {
      claim.prove(body);
      if (call.wire === 'query') call.route = this.#routeForm(call, claim, body);
      return claim.caller;
    } catch (error) {
      if (error instanceof RequestError) error.accessKeyId ??= claim.caller.accessKeyId;
      return this.#refuse(call, error);
    }
  }

  /** A form is read only once it is known who sent it, and must be for the service it was signed for. */
  #routeForm({ head }: Incoming, { service }: Claim, body: Buffer): Route {
    const route = this.#options.services.routeForm({ ...head, body });
    if (route.service.name === service) return route;
    const text = `Credential should be scoped to correct service: '${route.service.name}'.`;
    throw new RequestError('signature-mismatch', text);
  }

  async #perform(call: Incoming, caller: Caller, body: Buffer): Promise<HttpResponse> {
    const { head, wire, requestId, route } = call;
    const { hooks } = this.#options;
    assert(route !== undefined, 'a call that is performed has a route');
    const format = wires[route.service.wire];
    const context = this.#context(head, caller, requestId);
    try {
      const read = () => format.read(route, { ...head, body });
      const now = () => this.#options.clock.nowMs();
      const output = await perform({ route, context, read }, hooks, now);
      return format.write(route, output, requestId);
    } catch (error) {
      if (error instanceof AwsError) return format.fail(error, requestId);
      hooks.onUnexpectedError(error, context);
      return format.fail(internal(wire, error), requestId);
    }
  }

  /** Answers what came too large to be read: nobody knows who sent it. */
  tooLarge(head: RequestHead, limitBytes: number): HttpResponse {
    const text = `The request is larger than the ${limitBytes} bytes allowed`;
    return this.#refuseUnread(head, new RequestError('too-large', text));
  }

  /** Answers a body in chunks of a sender who is not known. */
  lengthRequired(head: RequestHead): HttpResponse {
    const text =
      "A body in chunks needs the signed header 'x-amz-content-sha256'; send 'Content-Length' instead.";
    return this.#refuseUnread(head, new RequestError('length-required', text));
  }

  /** Answers what there is no room to read now. */
  throttled(head: RequestHead): HttpResponse {
    const text = 'Too many requests are being read; try again.';
    return this.#refuseUnread(head, new RequestError('throttled', text));
  }

  #refuseUnread(head: RequestHead, error: RequestError): HttpResponse {
    const requestId = this.#options.random.uuid();
    return this.#refuse({ head, wire: wireOf(head), requestId, route: undefined }, error);
  }

  #refuse({ head, wire, requestId, route }: Incoming, error: unknown): HttpResponse {
    const failure = error instanceof RequestError ? inWordsOf(wire, error) : internal(wire, error);
    this.#options.hooks.refused({
      requestId,
      atMs: this.#options.clock.nowMs(),
      peerAddress: head.peerAddress,
      userAgent: head.headers.get('user-agent') ?? '',
      method: head.method,
      path: head.rawPath,
      action: route?.operation.action,
      accessKeyId: error instanceof RequestError ? error.accessKeyId : undefined,
      reason: error instanceof RequestError ? error.code : 'internal',
      code: failure.code,
      message: failure.message,
    });
    return wires[wire].fail(failure, requestId);
  }

  #context(request: RequestHead, caller: Caller, requestId: string): CallContext {
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
