// A client through which one service of this process calls another without HTTP.

import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Caller } from '../calls/caller.ts';
import { type PipelineHooks, perform } from './pipeline/pipeline.ts';
import type { ServiceRegistry } from './pipeline/registry.ts';
import { inProcess } from './shapes/notation.ts';
import { readShape } from './shapes/shape-reader.ts';

/** The identity that a service uses to call another service, and how the call is recorded. */
export interface CallIdentity {
  /** The calling service: `mq.amazonaws.com`. */
  readonly service: string;
  /** The caller whose identity is used. Defaults to the service itself. */
  readonly onBehalfOf?: Caller;
  /** The resource for which the service calls for itself, as `aws:SourceArn` in policies. */
  readonly sourceArn?: string;
  /** The origin in the audit record. Defaults to the calling service. */
  readonly origin?: { readonly sourceIp: string; readonly userAgent: string };
  /**
   * The account that owns the resources, 12 digits. Defaults to the account of this installation.
   */
  readonly accountId?: string;
  /** The event source in the audit record. Defaults to that of the called service. */
  readonly eventSource?: string;
  /** A UUID that links the audit records of an action in several accounts. */
  readonly sharedEventId?: string;
  /** Names of input members that are left out of the audit record. */
  readonly unrecorded?: readonly string[];
}

/** The parts that the local client needs. The hooks are the same as for calls over HTTP. */
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
 * Calls a service in this process. The call is validated, authorised, recorded and committed like a
 * call over HTTP.
 */
export class LocalClient {
  readonly #options: LocalClientOptions;

  constructor(options: LocalClientOptions) {
    this.#options = options;
  }

  /**
   * Makes one call.
   *
   * @param input the operation's input; blobs are Buffers, timestamps are milliseconds
   * @returns the output; the type parameter must match the operation's output shape
   * @throws {WaxwingError} with the AWS error code that a call over HTTP would return
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
    const { service, onBehalfOf, sourceArn, origin, eventSource, sharedEventId, unrecorded } =
      identity;
    const output = await perform(
      {
        route,
        context: {
          caller: onBehalfOf ?? servicePrincipal(service, accountId),
          invokedBy: onBehalfOf && service,
          ...(sourceArn !== undefined && { sourceArn }),
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
    // The output has the type that the operation's output shape declares. The caller names it.
    return output as Output;
  }
}

/** The identity of a service that calls for itself. */
function servicePrincipal(service: string, accountId: string): Caller {
  return { type: 'service', accountId, arn: service, principalId: service };
}
