import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Caller } from '../calls/caller.ts';
import { type PipelineHooks, perform } from './pipeline/pipeline.ts';
import type { ServiceRegistry } from './pipeline/registry.ts';
import { inProcess } from './shapes/notation.ts';
import { readShape } from './shapes/shape-reader.ts';

/** In whose name a service calls another, and how that is to be recorded. */
export interface CallIdentity {
  /** The service that calls: `mq.amazonaws.com`. */
  readonly service: string;
  /** Whose identity it calls with; left out, it calls as itself. */
  readonly onBehalfOf?: Caller;
  /** Where the audit record says the call comes from; left out, the service that calls. */
  readonly origin?: { readonly sourceIp: string; readonly userAgent: string };
  /** The account whose resources are meant, 12 digits; left out, the one served here. */
  readonly accountId?: string;
  /** Stands in the audit record as the event's source instead of the called service's. */
  readonly eventSource?: string;
  /** A UUID, in the audit record of an action that concerns several accounts. */
  readonly sharedEventId?: string;
  /** Names of the input's members that the audit record does not show. */
  readonly unrecorded?: readonly string[];
}

/** What the local client works with: the same hooks as calls over HTTP. */
export interface LocalClientOptions {
  readonly services: ServiceRegistry;
  readonly hooks: PipelineHooks;
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Calls a service without HTTP, as another service: validated, authorised, recorded and committed
 * like any call.
 */
export class LocalClient {
  readonly #options: LocalClientOptions;

  constructor(options: LocalClientOptions) {
    this.#options = options;
  }

  /**
   * Makes one call.
   *
   * @param input in the types of the operation's shape: bytes are Buffers, moments milliseconds
   * @returns the output, typed by the caller as the operation declares it
   * @throws {WaxwingError} with AWS's code, as the call over HTTP would have been answered
   */
  async call<Output = unknown>(
    serviceName: string,
    operationName: string,
    input: object,
    identity: CallIdentity,
  ): Promise<Output> {
    const { services, hooks, region, clock, random } = this.#options;
    const route = services.named(serviceName, operationName);
    const accountId = identity.accountId ?? this.#options.accountId;
    const { service, onBehalfOf, origin, eventSource, sharedEventId, unrecorded } = identity;
    const output = await perform(
      {
        route,
        context: {
          caller: onBehalfOf ?? servicePrincipal(service, accountId),
          invokedBy: onBehalfOf && service,
          requestId: random.uuid(),
          eventId: random.uuid(),
          region,
          accountId,
          sourceIp: origin?.sourceIp ?? service,
          userAgent: origin?.userAgent ?? service,
          nowMs: clock.nowMs(),
        },
        read: () => readShape(route.operation.input, input, inProcess),
        ...(eventSource !== undefined && { eventSource }),
        ...(sharedEventId !== undefined && { sharedEventId }),
        ...(unrecorded && { unrecorded }),
      },
      hooks,
      () => clock.nowMs(),
    );
    // The operation's output shape says what it is; callers name the type that belongs to it.
    return output as Output;
  }
}

/** A service as the caller of another. */
function servicePrincipal(service: string, accountId: string): Caller {
  return { type: 'service', accountId, arn: service, principalId: service };
}
