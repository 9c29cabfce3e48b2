// A host of nodes: stays connected to the service, and ends its nodes when its lease ends.

import { X509Certificate } from 'node:crypto';
import { systemClock, type Timer } from '../base/clock.ts';
import type { ServiceLog } from '../base/log.ts';
import { requestCertificate } from '../crypto/authority.ts';
import type { LocalHost } from '../engines/rabbitmq/hosts/local-host.ts';
import { Channel, serviceFrameBytesMax } from '../hosts/channel/channel.ts';
import { anyText, type Fields, text, whole } from '../hosts/channel/fields.ts';
import { clockMsMax, requireClock } from '../hosts/clock-difference.ts';
import { HostError } from '../hosts/errors.ts';
import { Lease } from '../hosts/lease.ts';
import { protocolVersion, requireProtocol } from '../hosts/protocol.ts';
import { connectToService } from '../hosts/service-connection.ts';
import { Fence } from './fence.ts';
import type { Identity, IdentityFile } from './identity.ts';
import { NodeRequests } from './node-requests.ts';

/** Pause between two attempts to connect, milliseconds. */
const retryMs = { first: 500, longest: 10_000 } as const;
/** The interval of looks at the lease and at the certificate, milliseconds. */
const tickMs = 1000;
/** Leases are extended at least every ten seconds: longer silence is the loss of the connection. */
const silenceMs = 25_000;
const dayMs = 24 * 60 * 60 * 1000;
/** A certificate that is valid for less than this is renewed. */
const renewalMs = 20 * dayMs;
/** The longest lease, milliseconds. */
const leaseMsMax = dayMs;
const certificateLengthMax = 32 * 1024;

/** What a host reports about itself. */
export interface AgentParts {
  readonly host: LocalHost;
  readonly file: IdentityFile;
  readonly log: ServiceLog;
  /** The service has removed this host: nothing of it is left, and it cannot connect again. */
  readonly removed: () => void;
}

/** The agent of a host. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #lease = new Lease(systemClock);
  readonly #requests: NodeRequests;
  readonly #fence: Fence;
  #identity: Identity;
  #channel: Channel | undefined = undefined;
  /** The start of the service for which nodes run. */
  #run: string | undefined = undefined;
  #ticks: Timer | undefined = undefined;
  #heardMs = 0;
  #isRenewing = false;
  #pauseMs: number = retryMs.first;
  #isClosed = false;

  constructor(identity: Identity, parts: AgentParts) {
    this.#identity = identity;
    this.#parts = parts;
    this.#requests = new NodeRequests(parts.host, this.#lease, (op, fields) =>
      this.#channel?.tell(op, fields),
    );
    this.#fence = new Fence(
      this.#lease,
      () => this.#requests.fence(),
      (error) => parts.log.error({ err: error }, 'nodes could not be ended'),
    );
  }

  /** Ends what an earlier process left, and begins to connect. */
  async start(): Promise<void> {
    await this.#parts.host.endLeftovers();
    this.#ticks = systemClock.setInterval(() => this.#tick(), tickMs);
    void this.#connect();
  }

  async #connect(): Promise<void> {
    if (this.#isClosed) return;
    try {
      const socket = await connectToService(
        this.#identity,
        this.#identity.authority,
        this.#identity,
      );
      this.#heardMs = systemClock.monotonicMs();
      this.#channel = new Channel(
        socket,
        serviceFrameBytesMax,
        {
          request: (op, fields, body) => this.#asked(op, fields, body),
          event: (op) => {
            throw new HostError('message-invalid', `there is no event '${op}'`);
          },
          closed: (detail) => this.#disconnected(detail),
        },
        systemClock,
      );
    } catch (error) {
      this.#disconnected(error instanceof Error ? error.message : String(error));
    }
  }

  #disconnected(detail: string): void {
    this.#channel = undefined;
    if (this.#isClosed) return;
    const leftSeconds = Math.ceil(this.#lease.leftMs / 1000);
    this.#parts.log.warn({ leftSeconds }, `there is no connection to the service: ${detail}`);
    systemClock.setTimeout(() => void this.#connect(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, retryMs.longest);
  }

  async #asked(op: string, fields: Fields, body: Buffer): Promise<object> {
    switch (op) {
      case 'welcome':
        return this.#welcomed(fields);
      case 'lease':
        this.#grant(fields);
        return { clockMs: systemClock.nowMs() };
      case 'dismiss':
        return this.#dismissed();
      default:
        return this.#requests.perform(op, fields, body);
    }
  }

  /** What runs for an earlier start of the service has other certificates, and is of no use. */
  async #welcomed(fields: Fields): Promise<object> {
    this.#requireRelease(fields);
    const run = text(fields, 'run', /^[\w-]{8,64}$/);
    if (run !== this.#run) await this.#fence.close();
    this.#run = run;
    await this.#fence.closing;
    this.#grant(fields);
    if (this.#lease.isValid) this.#pauseMs = retryMs.first;
    const volumes = await this.#requests.volumes();
    const { installed } = this.#parts.host;
    return { protocol: protocolVersion, installed, volumes, clockMs: systemClock.nowMs() };
  }

  /** The service is told in the answer. What runs for it goes on until its lease ends. */
  #requireRelease(fields: Fields): void {
    try {
      requireProtocol('the service', fields);
    } catch (error) {
      this.#parts.log.error({ err: error }, 'the service cannot be used');
      throw error;
    }
  }

  /** Without the right time, there is no lease: the service is told the time, and refuses this host too. */
  #grant(fields: Fields): void {
    const leaseMs = whole(fields, 'leaseMs', 1000, leaseMsMax);
    const serviceMs = whole(fields, 'clockMs', 0, clockMsMax);
    this.#heardMs = systemClock.monotonicMs();
    try {
      requireClock('the clock of this machine', systemClock.nowMs() - serviceMs);
    } catch (error) {
      this.#parts.log.error({ err: error }, 'the service grants no lease');
      return;
    }
    this.#lease.grant(leaseMs);
    this.#fence.open();
  }

  async #dismissed(): Promise<object> {
    this.#lease.end();
    await this.#fence.close();
    await this.#requests.removeAll();
    await this.#parts.host.close();
    systemClock.setTimeout(() => {
      this.#isClosed = true;
      this.#channel?.close('the service has removed this host');
      this.#parts.removed();
    }, tickMs);
    return {};
  }

  #tick(): void {
    if (this.#fence.isDue) {
      this.#parts.log.warn(
        {},
        'the lease has ended: all nodes are ended, and their keys forgotten',
      );
      void this.#fence.close();
    }
    if (this.#channel !== undefined && systemClock.monotonicMs() - this.#heardMs > silenceMs) {
      this.#channel.close('the service does not answer');
    }
    // With a wrong clock, a certificate is no older than it seems.
    if (!this.#lease.isValid) return;
    const endMs = Date.parse(new X509Certificate(this.#identity.certificate).validTo);
    if (endMs - systemClock.nowMs() < renewalMs) void this.#renew();
  }

  async #renew(): Promise<void> {
    if (this.#isRenewing || this.#channel === undefined) return;
    this.#isRenewing = true;
    try {
      const { privateKey, request } = await requestCertificate();
      const { result } = await this.#channel.request('renew', { request });
      const certificate = anyText(result, 'certificate', certificateLengthMax);
      const identity = { ...this.#identity, certificate, privateKey };
      await this.#parts.file.write(identity);
      this.#identity = identity;
      this.#channel?.close('the certificate was renewed');
    } catch (error) {
      this.#parts.log.error({ err: error }, 'the certificate could not be renewed');
    } finally {
      this.#isRenewing = false;
    }
  }

  /** Ends all nodes and the connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ticks?.clear();
    await this.#requests.close();
    await this.#parts.host.close();
    this.#lease.end();
    this.#channel?.close('the host is being stopped');
  }
}
