// The HTTP entry point of all AWS-compatible calls: it finds the operation, authenticates, and
// answers.

import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { CallContext } from '../../calls/call-context.ts';
import { anonymous, type Caller } from '../../calls/caller.ts';
import type { HttpRequest, HttpResponse, RequestHead } from '../../net/http/message.ts';
import type { Admission, Rejection, RequestHandler } from '../../net/http/request-handler.ts';
import { AwsError, inWordsOf, RequestError, type RequestErrorCode, type Wire } from '../errors.ts';
import type { Claim } from '../signing/authenticate.ts';
import type { WireFormat } from '../wires/wire.ts';
import { type PipelineHooks, perform } from './pipeline.ts';
import type { Route, ServiceRegistry } from './registry.ts';
import { findingsHeader } from './text-inspection.ts';

/** A request that was refused before its sender was authenticated, for the security log. */
export interface RefusedRequest {
  readonly requestId: string;
  readonly atMs: number;
  readonly peerAddress: string;
  readonly userAgent: string;
  readonly method: string;
  /** The path as it was sent. */
  readonly path: string;
  /** The action, such as `kms:CreateGrant`, if it was determined before the refusal. */
  readonly action: string | undefined;
  /** The access key that the request names, if that key exists. */
  readonly accessKeyId: string | undefined;
  readonly reason: RequestErrorCode;
  /** The AWS error code. */
  readonly code: string;
  readonly message: string;
}

/** The parts that the dispatcher needs. */
export interface DispatcherOptions {
  readonly services: ServiceRegistry;
  /** The supported wires, in the order in which they are asked to recognise a request. */
  readonly wires: readonly WireFormat[];
  readonly hooks: PipelineHooks & {
    /**
     * Authenticates a request as far as possible without its body.
     *
     * @param serviceName the service that is called; undefined if only the body tells
     * @throws {RequestError} if the authentication is missing or wrong
     */
    claim(request: RequestHead, serviceName: string | undefined): Claim;
    /** Prepares the policies of a caller; undefined if there is nothing to wait for. */
    prepare?(caller: Caller): Promise<void> | undefined;
    /**
     * Returns the caller that a bearer token belongs to.
     *
     * @param token undefined if the request has none
     * @throws {RequestError} `wrong-token`
     */
    tokenHolder(token: string | undefined): Caller;
    /** Called for each request that is refused before its sender is authenticated. */
    refused(request: RefusedRequest): void;
  };
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** The listener's admission, whose answer is always complete. */
interface DispatcherAdmission extends Admission {
  answer(body: Buffer): Promise<HttpResponse>;
}

/** The response header with a warning about the caller, such as the use of the root user. */
export const callerWarningHeader = 'x-waxwing-caller-warning';

/** A request that is being processed. */
interface Incoming {
  readonly head: RequestHead;
  /** The wire that the answer is written in. */
  format: WireFormat;
  readonly requestId: string;
  /** The operation; undefined until it is known. */
  route: Route | undefined;
}

const rejectionTexts: Readonly<Record<Rejection, (limitBytes: number) => string>> = {
  'too-large': (limitBytes) => `The request is larger than the maximum of ${limitBytes} bytes`,
  'length-required': () =>
    "A body in chunks needs the signed header 'x-amz-content-sha256'; send 'Content-Length' instead.",
  throttled: () => 'Too many requests are being read; try again.',
};

/** The claim of a request whose operation needs no authentication. */
const anonymousClaim: Claim = {
  caller: anonymous,
  service: '',
  isProven: false,
  prove: () => {},
};

/** The single entry point for calls over HTTP. */
export class Dispatcher implements RequestHandler {
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Answers a request that has been received completely. */
  answer(request: HttpRequest): Promise<HttpResponse> {
    const { refusal, answer } = this.admit(request);
    return refusal === undefined ? answer(request.body) : Promise.resolve(refusal);
  }

  /**
   * Examines a request before its body is read: which operation it calls, and who sends it. A
   * refused request's body is never stored.
   */
  admit(head: RequestHead): DispatcherAdmission {
    const call = this.#incoming(head);
    try {
      const { services } = this.#options;
      if (call.format.name !== 'query') {
        call.route = services.route(call.format.name, head);
        call.format = this.#formatOf(call.route.wire);
      }
      const claim = this.#claim(call);
      const admission = {
        refusal: undefined,
        isProven: claim.isProven,
        answer: (body: Buffer) => {
          const caller = this.#prove(call, claim, body);
          if ('status' in caller) return Promise.resolve(caller);
          admission.isProven = caller.type !== 'anonymous';
          return this.#perform(call, caller, body);
        },
      };
      return admission;
    } catch (error) {
      const refusal = this.#refuse(call, error);
      return { refusal, isProven: false, answer: () => Promise.resolve(refusal) };
    }
  }

  #incoming(head: RequestHead): Incoming {
    const requestId = this.#options.random.uuid();
    const { wires, services } = this.#options;
    const found = wires.find((wire) => wire.recognizes(head));
    assert(found !== undefined, 'no wire recognizes the request');
    const isRest = found.name === 'rest-json' || found.name === 'rest-xml';
    const format = isRest ? this.#formatOf(services.restWireOf(head)) : found;
    return { head, format, requestId, route: undefined };
  }

  #formatOf(name: Wire): WireFormat {
    const format = this.#options.wires.find((wire) => wire.name === name);
    assert(format !== undefined, `the wire ${name} is not supported`);
    return format;
  }

  /** Reads the authentication that the operation requires. */
  #claim({ head, route }: Incoming): Claim {
    const { services, hooks } = this.#options;
    const authentication = route?.operation.authentication ?? 'signature';
    if (authentication === 'none') return anonymousClaim;
    if (authentication === 'bearer-token') {
      const [, token] = /^Bearer +(\S+)$/i.exec(head.headers.get('authorization') ?? '') ?? [];
      const caller = hooks.tokenHolder(token);
      return { caller, service: route?.service.name ?? '', isProven: true, prove: () => {} };
    }
    // Only the body of a form names its operation, which may need no signature.
    if (route === undefined && services.hasUnsignedForms && !isSigned(head)) return anonymousClaim;
    return hooks.claim(head, route?.service.name);
  }

  /** Verifies the caller against the body, or returns the error response. */
  #prove(call: Incoming, claim: Claim, body: Buffer): Caller | HttpResponse {
    try {
      claim.prove(body);
      if (call.format.name === 'query') call.route = this.#routeForm(call, claim, body);
      return claim.caller;
    } catch (error) {
      if (error instanceof RequestError) error.accessKeyId ??= claim.caller.accessKeyId;
      return this.#refuse(call, error);
    }
  }

  /** Finds the operation of a form. The form must be for the service that its signature names. */
  #routeForm({ head }: Incoming, { service, caller }: Claim, body: Buffer): Route {
    const route = this.#options.services.routeForm({ ...head, body });
    if (route.operation.authentication === 'none') return route;
    if (caller.type === 'anonymous') {
      throw new RequestError('missing-authentication', 'Missing Authentication Token');
    }
    if (route.service.name === service) return route;
    const text = `Credential should be scoped to correct service: '${route.service.name}'.`;
    throw new RequestError('signature-mismatch', text);
  }

  async #perform(call: Incoming, caller: Caller, body: Buffer): Promise<HttpResponse> {
    const { head, format, requestId, route } = call;
    const { hooks } = this.#options;
    assert(route !== undefined, 'the call has no route');
    const preparing = hooks.prepare?.(caller);
    if (preparing !== undefined) await preparing;
    const context = this.#context(head, caller, requestId);
    const warning = hooks.callerWarning?.(context);
    const answered = (response: HttpResponse) => withHeader(response, callerWarningHeader, warning);
    try {
      const read = () => format.read(route, { ...head, body });
      const now = () => this.#options.clock.nowMs();
      let found: string | undefined;
      const warned = (text: string) => {
        found = text;
      };
      const output = await perform({ route, context, read, warned }, hooks, now);
      return answered(withHeader(format.write(route, output, requestId), findingsHeader, found));
    } catch (error) {
      if (error instanceof AwsError) {
        const proven = error.caller ?? caller;
        if (proven.type === 'anonymous' && !error.isRoutine) this.#tellRefused(call, error);
        return answered(format.fail(error, requestId));
      }
      hooks.onUnexpectedError(error, context);
      return answered(format.fail(internal(format.name, error), requestId));
    }
  }

  /** Answers a request whose body is not read. */
  reject(head: RequestHead, rejection: Rejection, limitBytes: number): HttpResponse {
    const error = new RequestError(rejection, rejectionTexts[rejection](limitBytes));
    return this.#refuse(this.#incoming(head), error);
  }

  #refuse(call: Incoming, error: unknown): HttpResponse {
    const { format, requestId } = call;
    const isExpected = error instanceof RequestError;
    const failure = isExpected ? inWordsOf(format.name, error) : internal(format.name, error);
    this.#tellRefused(call, failure);
    return format.fail(failure, requestId);
  }

  #tellRefused({ head, requestId, route }: Incoming, failure: AwsError): void {
    const { cause } = failure;
    const error = cause instanceof RequestError ? cause : undefined;
    this.#options.hooks.refused({
      requestId,
      atMs: this.#options.clock.nowMs(),
      peerAddress: head.peerAddress,
      userAgent: head.headers.get('user-agent') ?? '',
      method: head.method,
      path: head.rawPath,
      action: route?.operation.action,
      accessKeyId: error?.accessKeyId,
      reason: error?.code ?? 'access-denied',
      code: failure.code,
      message: failure.message,
    });
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

function withHeader(response: HttpResponse, name: string, value: string | undefined): HttpResponse {
  if (value === undefined) return response;
  return { ...response, headers: { ...response.headers, [name]: value } };
}

function isSigned({ headers, rawQuery }: RequestHead): boolean {
  return headers.has('authorization') || rawQuery.includes('X-Amz-Signature');
}

function internal(wire: Wire, error: unknown): AwsError {
  const text = 'An internal failure occurred. The log has details under the id of this request.';
  return inWordsOf(wire, new RequestError('internal', text, { cause: error }));
}
