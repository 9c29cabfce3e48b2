// The events of the audit trail about machines that join or connect as hosts.

import { type EventRecord, eventRecord } from '../../audit/record.ts';
import type { Trail } from '../../audit/trail.ts';
import type { Clock } from '../../base/clock.ts';
import { FailureGatherer, type GatheringLimits } from '../../base/failure-gatherer.ts';
import type { ServiceLog } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { HostRecord } from '../../hosts/records.ts';
import type { Entry } from '../../storage/journal.ts';

/**
 * Events about refused machines: at most eleven a minute. Whoever reaches the port for hosts can cause
 * them.
 */
export const refusalLimits: GatheringLimits = { periodMs: 60_000, toldCountMax: 5 };

/**
 * Why a machine was refused. `HostExists`: another one has its name or address. `HostLimitExceeded`: there
 * are as many as are allowed. `ClockWrong`: its clock is. `InternalFailure`: this service has failed, for
 * example because its disk is full.
 */
export type RefusalCode =
  | 'TokenInvalid'
  | 'TokenExpired'
  | 'RequestInvalid'
  | 'HostExists'
  | 'HostLimitExceeded'
  | 'CertificateInvalid'
  | 'ClockWrong'
  | 'InternalFailure';

/** A machine that was refused. It contains nothing that the machine sent, which may be a secret. */
export interface RefusedHost {
  /** `JoinHost`: it wanted to join. `ConnectHost`: it showed a certificate. */
  readonly eventName: 'JoinHost' | 'ConnectHost';
  readonly code: RefusalCode;
  /** A fixed text. */
  readonly reason: string;
  readonly sourceIp: string | undefined;
  /** Who made the token, if it is known: an ARN. */
  readonly tokenCreatedBy?: string | undefined;
}

/** What the events need. */
export interface HostEventsParts {
  readonly trail: Pick<Trail, 'chain'>;
  /** Applies the changes before it returns; resolves once they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly location: { readonly region: string; readonly accountId: string };
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly random: Random;
  readonly log: Pick<ServiceLog, 'warn' | 'error'>;
}

/** Writes the events. */
export class HostEvents {
  readonly #parts: HostEventsParts;
  readonly #refused: FailureGatherer<RefusedHost>;

  constructor(parts: HostEventsParts) {
    this.#parts = parts;
    this.#refused = new FailureGatherer(
      (refused, count) => this.#tell(refused, count),
      refusalLimits,
    );
  }

  /** The entries for a machine that has joined, which are committed together with it. */
  joined({ id, name, zone, address, invitedBy }: HostRecord, sourceIp: string): Entry[] {
    const atMs = this.#parts.clock.nowMs();
    const event = this.#event('JoinHost', sourceIp, atMs, {
      requestParameters: { name, zone, address },
      responseElements: { hostId: id },
      ...additional({ tokenCreatedBy: invitedBy }),
    });
    return this.#parts.trail.chain(event, atMs);
  }

  /** A machine was refused. Events about many are gathered. */
  refused(refused: RefusedHost): void {
    const { eventName, code, sourceIp, tokenCreatedBy } = refused;
    this.#refused.add(JSON.stringify([eventName, code, sourceIp, tokenCreatedBy]), refused);
  }

  #tell(refused: RefusedHost | undefined, count: number): void {
    const { commit, trail, clock, log } = this.#parts;
    const { eventName = 'ConnectHost', code = 'AccessDenied', sourceIp } = refused ?? {};
    const message = refused?.reason ?? 'machines were refused for several reasons';
    log.warn({ sourceIp, count, code }, `a machine was refused as a host: ${message}`);
    const atMs = clock.nowMs();
    const event = this.#event(eventName, sourceIp ?? 'several addresses', atMs, {
      requestParameters: null,
      responseElements: null,
      error: { code, message },
      ...additional({ count, tokenCreatedBy: refused?.tokenCreatedBy }),
    });
    commit(trail.chain(event, atMs)).catch((error: unknown) =>
      log.error({ err: error }, 'a refused host could not be recorded'),
    );
  }

  #event(
    eventName: string,
    sourceIp: string,
    atMs: number,
    more: Pick<
      Parameters<typeof eventRecord>[0],
      'requestParameters' | 'responseElements' | 'error' | 'additionalEventData'
    >,
  ): EventRecord {
    const { location, random } = this.#parts;
    return eventRecord({
      // Nobody has signed: the token stands for the caller who made it.
      caller: { type: 'anonymous', accountId: '', arn: '*', principalId: '' },
      invokedBy: undefined,
      requestId: random.uuid(),
      eventId: random.uuid(),
      ...location,
      sourceIp,
      userAgent: 'waxwing node',
      atMs,
      eventSource: 'waxwing.local',
      eventName,
      apiVersion: undefined,
      readOnly: false,
      resources: [],
      ...more,
    });
  }

  /** Writes what was gathered. Call it at the end. */
  flush(): void {
    this.#refused.flush();
  }
}

function additional(found: Readonly<Record<string, unknown>>) {
  const known = Object.entries(found).filter(([, value]) => value !== undefined);
  return known.length === 0 ? {} : { additionalEventData: Object.fromEntries(known) };
}
