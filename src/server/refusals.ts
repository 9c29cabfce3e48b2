// Reports of refused calls and failed log-ins.

import type { RequestErrorCode } from '../aws/errors.ts';
import type { RefusedRequest } from '../aws/pipeline/dispatch.ts';
import { withoutPort } from '../base/address.ts';
import { FailureGatherer } from '../base/failure-gatherer.ts';
import type { ServiceLog } from '../base/log.ts';
import type { FailedLogin } from '../control/engine.ts';

/** Maximum number of characters of an unauthenticated sender's text in the log. */
const shownLengthMax = 256;

/** The reasons that count as failed log-ins. */
const loginReasons: readonly RequestErrorCode[] = [
  'missing-authentication',
  'incomplete-signature',
  'unknown-access-key',
  'expired-token',
  'signature-mismatch',
  'wrong-token',
];

/** Failed log-ins, for the audit trail. */
export interface RefusedLogins {
  readonly eventName: 'ApiLogin' | 'BrokerLogin';
  readonly brokerId?: string;
  readonly requestId?: string;
  /** Undefined if they came from several addresses. */
  readonly sourceIp: string | undefined;
  readonly userAgent?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  readonly protocol?: string;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly count: number;
}

/**
 * Reports refused calls and failed log-ins: in the log, in the metrics, and optionally in the audit
 * trail. A flood of them causes a bounded number of lines.
 */
export class Refusals {
  /** The number of requests refused before authentication since the start, by reason. */
  readonly counts = new Map<string, number>();
  /** Records failed log-ins, or those that are wanted; undefined until the service is composed. */
  record: ((logins: RefusedLogins) => void) | undefined = undefined;
  readonly #log: ServiceLog;
  readonly #requests = new FailureGatherer<RefusedRequest>((request, count) =>
    this.#tell(request, count),
  );

  constructor(log: ServiceLog) {
    this.#log = log;
  }

  /** A call was refused before its caller was authenticated. */
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

  /**
   * Log-ins to a broker failed for the same reason; `failure` is undefined if there were different
   * reasons.
   */
  loginFailed(brokerId: string, failure: FailedLogin | undefined, count: number): void {
    this.#log.warn({ brokerId, ...failure, count }, 'a log-in failed');
    const userName = failure?.user;
    this.record?.({
      eventName: 'BrokerLogin',
      brokerId,
      sourceIp: failure && withoutPort(failure.peerAddress),
      ...(userName !== undefined && { userName }),
      ...(failure?.protocol !== undefined && { protocol: failure.protocol }),
      errorCode: 'AccessRefused',
      errorMessage: failure?.reason ?? 'log-ins failed for several reasons',
      count,
    });
  }

  /** Reports what was gathered. Call it at the end. */
  flush(): void {
    this.#requests.flush();
  }
}

/**
 * The message for the log. Unlike the answer, it never repeats a malformed header, which may
 * contain a password.
 */
function shownMessage({ reason, message }: RefusedRequest): string {
  return reason === 'incomplete-signature' ? '' : message.slice(0, shownLengthMax);
}
