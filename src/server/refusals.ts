import type { RequestErrorCode } from '../aws/errors.ts';
import type { RefusedRequest } from '../aws/pipeline/dispatch.ts';
import { withoutPort } from '../base/address.ts';
import { FailureGatherer } from '../base/failure-gatherer.ts';
import type { ServiceLog } from '../base/log.ts';
import type { FailedLogin } from '../control/engine.ts';

/** Characters that the log shows of a text which a stranger sent. */
const shownLengthMax = 256;

/** What is wrong with a request whose sender could not be found out. */
const loginReasons: readonly RequestErrorCode[] = [
  'missing-authentication',
  'incomplete-signature',
  'unknown-access-key',
  'expired-token',
  'signature-mismatch',
  'wrong-token',
];

/** Log-ins that failed, for the trail. */
export interface RefusedLogins {
  readonly eventName: 'ApiLogin' | 'BrokerLogin';
  readonly brokerId?: string;
  readonly requestId?: string;
  /** Undefined where they came from several addresses. */
  readonly sourceIp: string | undefined;
  readonly userAgent?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly count: number;
}

/**
 * Tells of calls and log-ins that were refused: in the log, in counts for the metrics, and to whoever
 * records them. A flood of them costs a bounded number of lines.
 */
export class Refusals {
  /** Requests refused before their sender was known, since the start, by reason. */
  readonly counts = new Map<string, number>();
  /** Records failed log-ins; undefined where they are not recorded. */
  record: ((logins: RefusedLogins) => void) | undefined = undefined;
  readonly #log: ServiceLog;
  readonly #requests = new FailureGatherer<RefusedRequest>((request, count) =>
    this.#tell(request, count),
  );

  constructor(log: ServiceLog) {
    this.#log = log;
  }

  /** A call was refused before it was known who made it. */
  requestRefused(request: RefusedRequest): void {
    const { reason, peerAddress, accessKeyId } = request;
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    const kind = JSON.stringify([peerAddress, reason, accessKeyId]);
    this.#requests.add(kind, {
      ...request,
      path: request.path.slice(0, shownLengthMax),
      userAgent: request.userAgent.slice(0, shownLengthMax),
      message: shownMessage(request),
    });
  }

  #tell(request: RefusedRequest | undefined, count: number): void {
    this.#log.warn({ ...request, count }, 'a request was refused');
    if (request !== undefined && !loginReasons.includes(request.reason)) return;
    const { requestId, userAgent, accessKeyId } = request ?? {};
    this.record?.({
      eventName: 'ApiLogin',
      sourceIp: request?.peerAddress,
      ...(requestId !== undefined && { requestId }),
      ...(userAgent !== undefined && { userAgent }),
      ...(accessKeyId !== undefined && { accessKeyId }),
      errorCode: request?.code ?? 'AccessDenied',
      errorMessage: request?.message ?? 'calls were refused for several reasons',
      count,
    });
  }

  /** Log-ins to a broker failed in the same way, or, where that is undefined, in ways that differ. */
  loginFailed(brokerId: string, failure: FailedLogin | undefined, count: number): void {
    this.#log.warn({ brokerId, ...failure, count }, 'a log-in failed');
    const userName = failure?.user;
    this.record?.({
      eventName: 'BrokerLogin',
      brokerId,
      sourceIp: failure && withoutPort(failure.peerAddress),
      ...(userName !== undefined && { userName }),
      errorCode: 'AccessRefused',
      errorMessage: failure?.reason ?? 'log-ins failed for several reasons',
      count,
    });
  }

  /** Tells what was gathered; to be called at the end. */
  flush(): void {
    this.#requests.flush();
  }
}

/** An answer may repeat a header that cannot be read; the log does not, as it may hold a password. */
function shownMessage({ reason, message }: RefusedRequest): string {
  return reason === 'incomplete-signature' ? '' : message.slice(0, shownLengthMax);
}
