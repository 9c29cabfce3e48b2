// The hosts of nodes: their connections, leases and places.

import type { KeyObject } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import type {
  HostDirectory,
  MovedNode,
  Placement,
} from '../../engines/rabbitmq/hosts/host-directory.ts';
import { localHostId, type NodeHost } from '../../engines/rabbitmq/hosts/node-host.ts';
import { RemoteHost } from '../../engines/rabbitmq/hosts/remote-host.ts';
import { Channel, hostFrameBytesMax } from '../../hosts/channel/channel.ts';
import type { Fields } from '../../hosts/channel/fields.ts';
import { HostError } from '../../hosts/errors.ts';
import { entryOf, type Hosts } from '../../hosts/hosts.ts';
import { protocolVersion, requireProtocol } from '../../hosts/protocol.ts';
import type { HostRecord } from '../../hosts/records.ts';
import type { Entry } from '../../storage/journal.ts';
import { HostCertificates } from './host-certificates.ts';
import { HostClocks } from './host-clocks.ts';
import type { HostEvents } from './host-events.ts';
import { HostListener } from './host-listener.ts';
import { Joining } from './joining.ts';
import type { LostHosts } from './lost-hosts.ts';

/** The interval at which leases are extended, as a part of a lease. */
const leaseShare = 4;
const leaseEveryMsMax = 10_000;
/** Time for an answer to an extended lease, after which the connection counts as lost; milliseconds. */
const aliveMs = 15_000;
/** The first answer of a host comes after it has ended what runs. Milliseconds. */
const welcomeMs = 120_000;
const dayMs = 24 * 60 * 60 * 1000;
/** Shortest time between two renewals of the certificate of one host, milliseconds. */
const renewalPauseMs = 60_000;
/** Time for an answer to leave, milliseconds. */
const answerMs = 1000;

/** Why certificates are refused. */
const notCurrent = 'the certificate is that of a removed host, or an earlier one';
const notIssued = 'the certificate was not issued by this service';
const notValidNow: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'the certificate has expired, by the clock of the service'],
  ['CERT_NOT_YET_VALID', 'the certificate is not valid yet, by the clock of the service'],
]);
const wrongClock = 'the clock of the host is too far from that of the service';

/** What hosts need of the service. */
export interface HostsParts {
  readonly hosts: Hosts;
  readonly sealingKey: KeyObject;
  /** Undefined if hosts cannot connect. */
  readonly settings: HostSettings | undefined;
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly events: Pick<HostEvents, 'joined' | 'refused' | 'flush'>;
  readonly log: ServiceLog;
}

/** The settings of hosts. */
export interface HostSettings {
  /** The port for hosts; 0 for any free one. */
  readonly port: number;
  /** The address of this machine on which the port is, and its nodes listen. */
  readonly address: string;
  /** Time without the service after which hosts end their nodes, milliseconds. */
  readonly leaseMs: number;
}

/** A host, for listings. */
export interface HostView
  extends Pick<HostRecord, 'id' | 'name' | 'zone' | 'address' | 'joinedMs'> {
  readonly isConnected: boolean;
  /** When it last answered, milliseconds since 1970; undefined if not since the start of the service. */
  readonly lastSeenMs: number | undefined;
  readonly nodeCount: number;
  /** The versions of its RabbitMQ, the newest first; undefined if not since the start of the service. */
  readonly version: string | undefined;
  /** How far its clock is ahead, milliseconds; undefined if that is not known. */
  readonly clockDifferenceMs: number | undefined;
}

/** The hosts of nodes. */
export class HostsService implements HostDirectory {
  readonly #parts: HostsParts;
  readonly #remote = new Map<string, RemoteHost>();
  /** The one connection of each host, also before it can be used. */
  readonly #channels = new Map<string, Channel>();
  readonly #seen = new Map<string, number>();
  readonly #clocks: HostClocks;
  readonly #renewedMs = new Map<string, number>();
  /** Distinguishes this start of the service. */
  readonly #run = systemRandom.uuid();
  #certificates: HostCertificates | undefined = undefined;
  #joining: Joining | undefined = undefined;
  #listener: HostListener | undefined = undefined;
  #leases: Timer | undefined = undefined;
  #renewAtMs = 0;
  #port = 0;
  /** Called when a host is connected. */
  onConnected: (hostId: string) => void = () => {};
  /** Called when a host is connected no more: what is known of its nodes may be wrong from then on. */
  onDisconnected: (hostId: string) => void = () => {};
  /** Replaces the nodes of hosts that are lost for long; undefined for never. */
  lost: Pick<LostHosts, 'look' | 'isLost' | 'replaced'> | undefined = undefined;

  constructor(parts: HostsParts) {
    this.#parts = parts;
    this.#clocks = new HostClocks(parts.log);
    for (const host of parts.hosts.all) this.#add(host);
  }

  /** Opens the port, if there is one. @throws {NetError} `port-in-use`, `listen-failed` */
  async open(): Promise<void> {
    const { hosts, sealingKey, settings, commit, events } = this.#parts;
    if (settings === undefined) return;
    if (hosts.authority === undefined) {
      const authority = await HostCertificates.create(sealingKey, systemClock.nowMs());
      await commit([entryOf({ put: 'authority', authority })]);
    }
    if (hosts.authority === undefined) throw new Error('there is no authority of hosts');
    const certificates = HostCertificates.open(sealingKey, hosts.authority);
    this.#certificates = certificates;
    this.#joining = new Joining({
      hosts,
      certificates,
      clock: systemClock,
      random: systemRandom,
      own: { name: localHostId, address: settings.address },
      commit,
      events,
    });
    const shown = await certificates.service(systemClock.nowMs());
    this.#renewAtMs = systemClock.nowMs() + dayMs;
    this.#listener = new HostListener(settings.address, shown, certificates.authority, {
      known: (socket, keyDigest, admitted) => void this.#known(socket, keyDigest, admitted),
      unknown: (socket) => this.#unknown(socket),
      refused: (sourceIp, code) =>
        this.#refusedCertificate(sourceIp, notValidNow.get(code) ?? notIssued),
    });
    this.#port = await this.#listener.open(settings.port);
    const everyMs = Math.min(settings.leaseMs / leaseShare, leaseEveryMsMax);
    this.#leases = systemClock.setInterval(() => this.#extendLeases(settings.leaseMs), everyMs);
  }

  /** The port for hosts. */
  get port(): number {
    return this.#port;
  }

  /** See `Joining.newToken`. */
  newToken(lifeMs: number, createdBy: string) {
    if (this.#joining === undefined) throw new Error('the port for hosts is not open');
    return this.#joining.newToken(lifeMs, createdBy);
  }

  get views(): HostView[] {
    return this.#parts.hosts.all.map(({ id, name, zone, address, joinedMs }) => {
      const remote = this.#remote.get(id);
      return {
        id,
        name,
        zone,
        address,
        joinedMs,
        isConnected: remote?.isReachable === true,
        lastSeenMs: this.#seen.get(id),
        nodeCount: this.nodeCountOf(id),
        version: remote?.versions.join(', ') || undefined,
        clockDifferenceMs: this.#clocks.differenceMs(id),
      };
    });
  }

  #add(record: HostRecord): RemoteHost {
    const isPlaced = (volumeId: string) =>
      this.#parts.hosts.placement(volumeId)?.hostId === record.id;
    const host = new RemoteHost(record, isPlaced);
    this.#remote.set(record.id, host);
    return host;
  }

  /** A peer without a certificate may only join. */
  #unknown(socket: TLSSocket): void {
    const sourceIp = socket.remoteAddress ?? '';
    let isAsked = false;
    const channel = new Channel(
      socket,
      hostFrameBytesMax,
      {
        request: async (op, fields, body) => {
          // One request is answered: more could only take time and memory.
          if (isAsked) {
            channel.close('a machine that has not joined asks more than once');
            throw notJoined(op);
          }
          isAsked = true;
          try {
            if (op === 'join' && this.#joining !== undefined) {
              return await this.#joining.join(fields, body, sourceIp);
            }
            const reason = 'a machine without a certificate asked for something else than to join';
            const refused = { eventName: 'JoinHost', code: 'RequestInvalid', reason } as const;
            this.#parts.events.refused({ ...refused, sourceIp });
            throw notJoined(op);
          } finally {
            systemClock.setTimeout(() => channel.close('the machine was answered'), answerMs);
          }
        },
        event: (op) => {
          throw notJoined(op);
        },
        closed: () => {},
      },
      systemClock,
    );
  }

  /** A peer with the key of a certificate of the authority, which may be one of a removed host. */
  async #known(socket: TLSSocket, keyDigest: string, admitted: () => void): Promise<void> {
    const { hosts, log } = this.#parts;
    const record = hosts.all.find(({ keyDigests }) => keyDigests.includes(keyDigest));
    if (record === undefined) {
      this.#refusedCertificate(socket.remoteAddress, notCurrent);
      socket.destroy();
      return;
    }
    admitted();
    const { id, name } = record;
    const sourceIp = socket.remoteAddress;
    const host = this.#remote.get(id) ?? this.#add(record);
    // A machine that has lost its connection may notice that before the service does. One that keeps
    // several would take the places of others.
    this.#channels.get(id)?.close('the host has connected again');
    const channel = new Channel(
      socket,
      hostFrameBytesMax,
      {
        request: (op, fields) => {
          if (op !== 'renew' || this.#joining === undefined) throw notJoined(op);
          return this.#renew(this.#joining, id, fields);
        },
        event: (op, fields) => host.event(op, fields),
        closed: (detail) => {
          if (host.channel === channel) log.warn({ host: name }, `host '${name}': ${detail}`);
          const wasUsed = host.channel === channel;
          host.disconnected(channel);
          if (wasUsed) this.onDisconnected(id);
          if (this.#channels.get(id) === channel) this.#channels.delete(id);
        },
      },
      systemClock,
    );
    this.#channels.set(id, channel);
    try {
      await this.#joining?.used(record, keyDigest);
      const lease = this.#leaseOf(this.#parts.settings?.leaseMs);
      const fields = { protocol: protocolVersion, run: this.#run, ...lease };
      const { result } = await channel.request('welcome', fields, undefined, welcomeMs);
      if (hosts.host(id) === undefined) throw new Error('it was removed');
      requireProtocol(`host '${name}'`, result);
      this.#clocks.measure(record, result);
      await host.connected(channel, result);
      if (this.#channels.get(id) !== channel) {
        host.disconnected(channel);
        throw new Error('the connection has ended');
      }
      this.#seen.set(id, systemClock.nowMs());
      log.info({ host: name }, `host '${name}' is connected`);
      this.onConnected(id);
    } catch (error) {
      if (hosts.host(id) === undefined) return; // its dismissal ends the connection
      log.warn({ host: name }, `host '${name}' cannot be used: ${String(error)}`);
      if (error instanceof HostError && error.code === 'clock-wrong') {
        const refused = { eventName: 'ConnectHost', code: 'ClockWrong' } as const;
        this.#parts.events.refused({ ...refused, reason: wrongClock, sourceIp });
      }
      channel.close('the host cannot be used');
    }
  }

  #refusedCertificate(sourceIp: string | undefined, reason: string): void {
    const refused = { eventName: 'ConnectHost', code: 'CertificateInvalid' } as const;
    this.#parts.events.refused({ ...refused, reason, sourceIp });
  }

  /** Each renewal is stored: a host could fill the system volume. */
  async #renew(joining: Joining, id: string, fields: Fields): Promise<object> {
    const nowMs = systemClock.monotonicMs();
    const lastMs = this.#renewedMs.get(id) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs < renewalPauseMs) {
      throw new HostError('message-invalid', 'the certificate was renewed less than a minute ago');
    }
    // Before the wait: others would be admitted meanwhile.
    this.#renewedMs.set(id, nowMs);
    try {
      return await joining.renew(id, fields);
    } catch (error) {
      this.#renewedMs.delete(id); // nothing was stored
      throw error;
    }
  }

  #leaseOf(leaseMs: number | undefined) {
    return { leaseMs, clockMs: systemClock.nowMs() };
  }

  #extendLeases(leaseMs: number): void {
    for (const [id, { channel, name }] of this.#remote) {
      channel?.request('lease', this.#leaseOf(leaseMs), undefined, aliveMs).then(
        ({ result }) => {
          this.#seen.set(id, systemClock.nowMs());
          try {
            this.#clocks.measure({ id, name }, result);
          } catch (error) {
            channel.close(String(error));
          }
        },
        () => channel.close('the host does not answer'),
      );
    }
    void this.lost?.look(this.views);
    if (systemClock.nowMs() < this.#renewAtMs) return;
    this.#renewAtMs = systemClock.nowMs() + dayMs;
    void this.#certificates?.service(systemClock.nowMs()).then((certificate) => {
      if (this.#certificates === undefined) return;
      this.#listener?.show(certificate, this.#certificates.authority);
    });
  }

  /**
   * Ends the access of a host that was removed, at once. If it is connected, it is told to remove all that
   * it has; until it has answered, its connection has no other use.
   */
  dismiss(id: string): void {
    const channel = this.#channels.get(id);
    this.#remote.get(id)?.removed();
    this.#remote.delete(id);
    this.#seen.delete(id);
    this.#renewedMs.delete(id);
    this.#clocks.forget(id);
    channel
      ?.request('dismiss', {})
      .catch((error: unknown) => {
        this.#parts.log.warn({ host: id }, `the removed host could not be told: ${String(error)}`);
      })
      .finally(() => channel.close('the host was removed'));
  }

  async remove(brokerId: string): Promise<void> {
    const { hosts, commit } = this.#parts;
    const placements = hosts.placementsOf(brokerId);
    const ids = new Set(placements.map(({ hostId }) => hostId));
    for (const id of ids) await this.#remote.get(id)?.remove(brokerId);
    if (placements.length === 0) return;
    await commit(placements.map(({ volumeId }) => entryOf({ delete: 'placement', volumeId })));
  }

  get hosts(): readonly RemoteHost[] {
    return [...this.#remote.values()];
  }

  host(id: string): NodeHost {
    return this.#remote.get(id) ?? removedHost(id);
  }

  placementOf(volumeId: string): Placement | undefined {
    return this.#parts.hosts.placement(volumeId);
  }

  nodeCountOf(hostId: string): number {
    return this.#parts.hosts.placementsOn(hostId).length;
  }

  isLost(hostId: string): boolean {
    return this.lost?.isLost(hostId) === true;
  }

  replaced(moved: MovedNode): void {
    this.lost?.replaced(moved);
  }

  async place(brokerId: string, placements: readonly Placement[]): Promise<void> {
    const { hosts, commit } = this.#parts;
    const volumeIds = placements.map(({ volumeId }) => volumeId);
    const gone = hosts.placementsOf(brokerId).filter((each) => !volumeIds.includes(each.volumeId));
    const changes = [
      ...gone.map(({ volumeId }) => entryOf({ delete: 'placement', volumeId })),
      ...placements.map((placement) => entryOf({ put: 'placement', placement })),
    ];
    if (changes.length > 0) await commit(changes);
  }

  /** Ends all connections. Nodes go on until the next start of the service is known, or their leases end. */
  close(): void {
    this.#leases?.clear();
    this.#listener?.close();
    for (const channel of this.#channels.values()) channel.close('the service is stopping');
    this.#parts.events.flush();
  }
}

/** A host that was removed while it had nodes. */
function removedHost(id: string): NodeHost {
  return new RemoteHost({ id, name: id, zone: '', address: '0.0.0.0' }, () => false);
}

function notJoined(op: string): HostError {
  return new HostError('message-invalid', `'${op}' is not permitted`);
}
