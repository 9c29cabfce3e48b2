// Where the nodes of clusters are.

import type { BrokerSpec } from '../../control/engine.ts';
import { ControlError } from '../../control/errors.ts';
import { chooseHosts } from '../../hosts/placement.ts';
import type { ClusterPlace } from './cluster-options.ts';
import type { HostDirectory, Placement } from './hosts/host-directory.ts';
import type { LocalHost } from './hosts/local-host.ts';
import { localHostId, type NodeHost } from './hosts/node-host.ts';

/** What the places of nodes depend on. */
type PlacedSpec = Pick<BrokerSpec, 'id' | 'instances' | 'engineVersion'>;

/** Chooses and finds the hosts of nodes. */
export class ClusterPlaces {
  readonly #local: LocalHost;
  readonly #directory: HostDirectory;
  /** Whether nodes of this machine can be reached from others. */
  readonly #isSpread: boolean;

  constructor(local: LocalHost, directory: HostDirectory, isSpread: boolean) {
    this.#local = local;
    this.#directory = directory;
    this.#isSpread = isSpread;
  }

  /** Chooses the hosts of a new cluster, and records them. */
  async choose({ id: brokerId, instances, engineVersion }: PlacedSpec): Promise<void> {
    const volumes = volumesOf({ instances });
    const ids = chooseHosts(volumes.length, this.#candidates(engineVersion));
    const placements = volumes.map((volumeId, i) => ({
      brokerId,
      volumeId,
      hostId: ids[i] ?? localHostId,
      isNew: false,
    }));
    await this.#directory.place(
      brokerId,
      placements.filter(({ hostId }) => hostId !== localHostId),
    );
  }

  /** The places of the nodes of a cluster, in their order. */
  of({ instances }: Pick<PlacedSpec, 'instances'>): Omit<ClusterPlace, 'version'>[] {
    return volumesOf({ instances }).map((volumeId) => {
      const placement = this.#directory.placementOf(volumeId);
      return { volumeId, host: this.#host(placement?.hostId), isNew: placement?.isNew === true };
    });
  }

  hostOf(volumeId: string): NodeHost {
    return this.#host(this.#directory.placementOf(volumeId)?.hostId);
  }

  #host(id: string | undefined): NodeHost {
    return id === undefined || id === localHostId ? this.#local : this.#directory.host(id);
  }

  /**
   * Chooses another host for a node.
   *
   * @param name the name or id of the wanted host; undefined for any
   * @throws {ControlError} `not-found`, `bad-request`
   */
  chooseOther(spec: PlacedSpec, volumeId: string, name: string | undefined): NodeHost {
    const present = this.hostOf(volumeId);
    const others = this.of(spec).filter((place) => place.volumeId !== volumeId);
    const candidates = this.#candidates(spec.engineVersion).filter(({ id }) => id !== present.id);
    if (name === undefined) {
      const used = others.map(({ host }) => host);
      const [id] = chooseHosts(1, candidates, used);
      if (id !== undefined) return this.#host(id);
      throw new ControlError('bad-request', 'There is no other host that can run the node.');
    }
    const wanted = [this.#local, ...this.#directory.hosts].find(
      (host) => host.id === name || host.name === name,
    );
    if (wanted === undefined) throw new ControlError('not-found', `There is no host [${name}].`);
    if (candidates.some(({ id }) => id === wanted.id)) return wanted;
    const why = wanted.id === present.id ? 'has the node already' : whyNot(wanted);
    throw new ControlError('bad-request', `Host [${name}] ${why}.`);
  }

  /**
   * The node whose host is lost, if both others can be reached; undefined otherwise.
   *
   * @throws {ControlError} `bad-request` if there is no other host for it
   */
  lostPlace(spec: PlacedSpec) {
    const places = this.of(spec);
    const isLost = ({ host }: Pick<ClusterPlace, 'host'>) =>
      !host.isReachable && this.#directory.isLost(host.id);
    const at = places.findIndex(isLost);
    const place = places[at];
    // A majority must keep its data.
    const others = places.filter((each) => each !== place);
    if (place === undefined || place.isNew) return undefined;
    if (!others.every(({ host, isNew }) => host.isReachable && !isNew)) return undefined;
    const { volumeId, host: from } = place;
    return { number: at + 1, volumeId, from, to: this.chooseOther(spec, volumeId, undefined) };
  }

  /** Records that a node moves to another host. */
  async move(spec: PlacedSpec, volumeId: string, host: NodeHost): Promise<void> {
    const placements = this.of(spec).map((place): Placement => {
      const isMoved = place.volumeId === volumeId;
      const { id: hostId } = isMoved ? host : place.host;
      return { brokerId: spec.id, volumeId: place.volumeId, hostId, isNew: isMoved || place.isNew };
    });
    await this.#directory.place(spec.id, placements);
  }

  /** Records that a node that had moved is in its cluster. */
  async joined(spec: PlacedSpec, volumeId: string): Promise<void> {
    const placements = this.of(spec).map(
      (place): Placement => ({
        brokerId: spec.id,
        volumeId: place.volumeId,
        hostId: place.host.id,
        isNew: place.volumeId === volumeId ? false : place.isNew,
      }),
    );
    await this.#directory.place(spec.id, placements);
  }

  #candidates(engineVersion: string) {
    const joined = this.#isSpread
      ? this.#directory.hosts.filter(
          (host) => host.isReachable && host.pluginsOf(engineVersion) !== undefined,
        )
      : [];
    return [this.#local, ...joined].map(({ id, zone }) => ({
      id,
      zone,
      nodeCount: this.#directory.nodeCountOf(id),
    }));
  }
}

function whyNot({ isReachable }: NodeHost): string {
  return isReachable ? 'has another version of RabbitMQ' : 'is not connected';
}

/** The volumes of the nodes, in their order. */
function volumesOf({ instances }: Pick<PlacedSpec, 'instances'>): string[] {
  return instances.toSorted((a, b) => a.number - b.number).map(({ volumeId }) => volumeId);
}
