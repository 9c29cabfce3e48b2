// Composition of the parts of the service that run brokers.

import type { KeyObject } from 'node:crypto';
import type { HostOperations } from '../api/administration/host-parts.ts';
import { remoteKmsService } from '../api/kms/remote/remote-service.ts';
import { kmsService } from '../api/kms/service.ts';
import type { Exposition } from '../api/status/service.ts';
import { ArchiveJournal } from '../audit/archive/archive-journal.ts';
import { eventRecord } from '../audit/record.ts';
import { serviceTimeline, Trail, trailTimeline } from '../audit/trail.ts';
import { Trails } from '../audit/trails/trails.ts';
import { LocalClient } from '../aws/local-client.ts';
import type { PipelineHooks } from '../aws/pipeline/pipeline.ts';
import { ServiceRegistry } from '../aws/pipeline/registry.ts';
import { systemClock } from '../base/clock.ts';
import type { ServiceLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import { Brokers } from '../control/brokers.ts';
import { Configurations } from '../control/configurations/configurations.ts';
import { Control } from '../control/control.ts';
import type { Engines } from '../control/engines.ts';
import type { hashPassword } from '../crypto/password.ts';
import { openValue, sealValue } from '../crypto/sealed-value.ts';
import { WaxwingEngine } from '../engines/waxwing/engine.ts';
import { Hosts } from '../hosts/hosts.ts';
import type { Iam } from '../identity/accounts/iam.ts';
import { usesOf } from '../identity/accounts/last-uses.ts';
import { asChange } from '../identity/accounts/result.ts';
import type { Identity } from '../identity/identity.ts';
import { SignInJournal } from '../identity/sso/sign-in-journal.ts';
import { Kms } from '../kms/kms.ts';
import type { BrokerLogs } from '../logs/broker-logs.ts';
import { LogGroups } from '../logs/log-groups.ts';
import type { HandshakeCounts } from '../net/handshake-counts.ts';
import type { ListenerAccess, ServerCertificate } from '../net/tls-listener.ts';
import type { ErasableSecrets } from '../storage/erasable/erasable-secrets.ts';
import type { StorageError } from '../storage/errors.ts';
import type { Journal } from '../storage/journal.ts';
import { Log } from '../storage/log.ts';
import { StateStore } from '../storage/state-store.ts';
import type { Volume } from '../storage/volume.ts';
import { BrokerReports } from './broker-reports.ts';
import { CallAuthoriser } from './call-authoriser.ts';
import { ServerCertificates } from './certificates/server-certificates.ts';
import { rootWarning } from './identities/root-warning.ts';
import { serviceRoleCreation } from './identities/service-role.ts';
import { identityParts } from './identity-parts.ts';
import { Installation } from './installation.ts';
import { checkKeySecrets, keySecrets, openKeySecrets } from './keys/key-secrets.ts';
import { remoteKms } from './keys/remote-kms.ts';
import { LogsVolumeJournal } from './logs-volume.ts';
import { AcmeJournal } from './public/acme/acme-journal.ts';
import type { EndpointNames } from './public/broker-names.ts';
import type { PublicCertificateSource } from './public/public-certificate.ts';
import type { Refusals } from './refusals.ts';
import type { Settings } from './settings.ts';
import { brokersFolder } from './system-volume.ts';
import { AccessEvents } from './trails/access-events.ts';
import { upgradeEventEntries } from './trails/upgrade-events.ts';
import { volumeEventEntries } from './trails/volume-events.ts';

/** Size of a segment of the system volume, which holds little besides the audit trail. */
const systemSegmentBytes = 8 * 1024 * 1024;
const systemCacheBytes = 4 * 1024 * 1024;

const mib = 1024 * 1024;
const noSalt = Buffer.alloc(0);

/** The purposes for which keys are derived from the data key of the system volume. */
const sealingPurposes = {
  kms: 'waxwing kms: key materials',
  keySecrets: 'waxwing kms: secrets of key materials',
  identity: 'waxwing identity: secrets',
  sessions: 'waxwing identity: session tokens',
  installation: 'waxwing installation: secrets',
  certificates: 'waxwing certificates: keys',
  acme: 'waxwing acme: keys',
  control: 'waxwing control: digests of requests',
  controlSecrets: 'waxwing control: secrets of brokers',
  logs: 'waxwing logs: data keys of volumes',
  trailFiles: 'waxwing trails: files',
  events: 'waxwing audit: archives of events',
  trailSigning: 'waxwing trails: private keys',
  sso: 'waxwing sso: tokens and registrations',
  backups: 'waxwing backups: files',
  hosts: 'waxwing hosts: key of the authority',
} as const;

/** The source of derived keys: a system volume, or its data key. */
export type KeyDeriver = Pick<Volume, 'deriveKey'>;

/** Derives the key for one purpose. */
export function sealingKey(volume: KeyDeriver, purpose: keyof typeof sealingPurposes) {
  return volume.deriveKey(noSalt, sealingPurposes[purpose]);
}

/** Events of the system volume's log. */
export interface SystemEvents {
  /** The disk is full, so all changes wait; or it has space again. */
  full(isFull: boolean): void;
  /** The log can no longer be written. */
  failed(error: StorageError): void;
}

/** The state that is stored in the system volume. */
export class SystemState {
  readonly kms: Kms;
  readonly identity: Identity;
  readonly iam: Iam;
  readonly installation: Installation;
  readonly trail = new Trail();
  /** The trail of calls on service-owned keys. */
  readonly serviceTrail = new Trail(serviceTimeline);
  /** The trails that deliver events to files. */
  readonly trails = new Trails();
  /** The archives of older events. */
  readonly archives = new ArchiveJournal();
  readonly brokers = new Brokers();
  readonly configurations = new Configurations();
  readonly certificates = new ServerCertificates();
  readonly acme = new AcmeJournal();
  readonly signIns = new SignInJournal();
  readonly logsVolume = new LogsVolumeJournal();
  readonly logGroups = new LogGroups();
  /** The hosts of nodes of clusters. */
  readonly hosts = new Hosts();
  /** The keys of the trail's files, and of the private keys that sign digests. */
  readonly trailKeys: Record<'files' | 'signing' | 'events', KeyObject>;
  /** See `ControlOptions.digestKey`. */
  readonly digestKey: KeyObject;
  /** Seals the secrets of brokers that are needed again later. */
  readonly #secretsKey: KeyObject;
  /** Authenticates the tokens of single sign-on. */
  readonly ssoKey: KeyObject;
  /** The key of backups of the service. */
  readonly backupKey: KeyObject;
  readonly store: StateStore;
  /** The log of the system volume; undefined until it is open. */
  log: Log | undefined = undefined;
  readonly keySecrets: ErasableSecrets;

  /** @param folder the data folder */
  constructor(volume: KeyDeriver, folder: string) {
    const { identity, iam } = identityParts({
      secrets: sealingKey(volume, 'identity'),
      sessions: sealingKey(volume, 'sessions'),
    });
    this.identity = identity;
    this.iam = iam;
    this.keySecrets = keySecrets(folder, sealingKey(volume, 'keySecrets'));
    this.kms = new Kms({
      wrappingKey: sealingKey(volume, 'kms'),
      secrets: this.keySecrets,
      random: systemRandom,
      principals: iam.policies,
      names: iam.principals,
    });
    this.installation = new Installation(sealingKey(volume, 'installation'));
    this.digestKey = sealingKey(volume, 'control');
    this.trailKeys = {
      files: sealingKey(volume, 'trailFiles'),
      signing: sealingKey(volume, 'trailSigning'),
      events: sealingKey(volume, 'events'),
    };
    this.#secretsKey = sealingKey(volume, 'controlSecrets');
    this.ssoKey = sealingKey(volume, 'sso');
    this.backupKey = sealingKey(volume, 'backups');
    this.store = new StateStore(this.journals(), [trailTimeline, serviceTimeline]);
  }

  /** Seals a secret of a broker; base64. */
  sealSecret(context: string, secret: string): string {
    const bytes = Buffer.from(secret);
    const sealed = sealValue(this.#secretsKey, context, bytes);
    bytes.fill(0);
    return sealed.toString('base64');
  }

  /** Opens a secret of a broker. */
  openSecret(context: string, sealed: string): string {
    const bytes = openValue(this.#secretsKey, context, Buffer.from(sealed, 'base64'));
    const secret = bytes.toString();
    bytes.fill(0);
    return secret;
  }

  /** All journals. The name of a journal is never reused. */
  journals(): Journal[] {
    const { kms, identity, iam, installation, trail, serviceTrail, trails, archives } = this;
    const { brokers, configurations, certificates, logsVolume, signIns, logGroups, hosts } = this;
    const ofControl = [brokers, configurations];
    const all = [
      kms.journal,
      identity,
      iam.journal,
      installation,
      trail,
      serviceTrail,
      trails,
      archives,
      ...ofControl,
      certificates,
      this.acme,
      logsVolume,
      signIns,
      logGroups,
      hosts,
    ];
    return all as Journal[];
  }

  /** Recovers the state, opens the log for writing, and settles the secrets of keys. */
  async open(volume: Volume, events: SystemEvents): Promise<void> {
    await this.recover(volume, events);
    await this.settleKeys();
  }

  /**
   * Like {@link open}, but leaves the destruction of secrets that a crash interrupted to
   * {@link settleKeys}.
   */
  async recover(volume: Volume, events: SystemEvents): Promise<void> {
    this.log = await Log.open(volume, this.store, {
      onDurable: (group) => this.store.onDurable(group),
      onFull: (isFull) => events.full(isFull),
      onFailed: (error) => {
        this.store.onFailed(error);
        events.failed(error);
      },
      segmentBytes: systemSegmentBytes,
      cacheBytes: systemCacheBytes,
      isRecycling: false,
    });
    this.store.recovered();
    await openKeySecrets(this.keySecrets, this.kms, (entries) => this.store.commit(entries));
  }

  /** Destroys the secrets that no key has, and makes spare ones. */
  settleKeys(): Promise<void> {
    return this.kms.materials.settle();
  }

  /** Checks the secrets of the keys after the state was read. @see checkKeySecrets */
  checkKeys(): Promise<void> {
    return checkKeySecrets(this.keySecrets, this.kms);
  }

  /** Syncs all data and closes the log and the secrets. */
  async close(): Promise<void> {
    await this.store.close();
    await this.keySecrets.close();
  }
}

/** The parts of a service that run brokers. The API's services are added to them. */
export interface Core {
  readonly control: Control;
  readonly client: LocalClient;
  readonly engines: Engines;
  readonly services: ServiceRegistry;
  readonly hooks: PipelineHooks;
}

/** The properties of the installation that are known once the system volume is open. */
export interface ServiceLocation {
  readonly region: string;
  readonly accountId: string;
  readonly endpoints: Pick<EndpointNames, 'authorityOf'>;
  readonly publicCertificates: readonly PublicCertificateSource[];
  readonly hashPassword: typeof hashPassword;
  /** The URL of the console; available once the port is open. */
  readonly consoleUrl: () => string;
  readonly metrics: () => Promise<Exposition>;
  /** Whether the start is complete and the service is not stopping. */
  readonly isReady: () => boolean;
  /** The handshakes of the API's port. */
  readonly handshakes: () => Pick<HandshakeCounts, 'of'>;
  /** Available when the API is loaded. */
  readonly hosts: () => HostOperations;
}

/**
 * Composes the parts of a service that run brokers. Of the API's services, they need only that of
 * the keys; `composeApi` adds the others. These two functions are the only places where the parts
 * of the service are connected.
 */
export function composeCore(
  settings: Settings,
  state: SystemState,
  engines: Engines,
  location: ServiceLocation,
  log: ServiceLog,
  refusals: Refusals,
  logs: BrokerLogs,
): Core {
  const { store, kms, brokers, configurations, trails } = state;
  const { region, accountId, hashPassword } = location;
  const services = new ServiceRegistry();
  const common = { services, region, accountId, clock: systemClock, random: systemRandom };
  const hooks = hooksOf(state, accountId, log);
  const client = new LocalClient({ ...common, hooks });
  const reports = new BrokerReports({ clock: systemClock, log, logs, refusals, brokers });
  const remote = settings.remoteKms && remoteKms(settings.remoteKms);
  const control = new Control({
    brokers,
    configurations,
    client,
    engines,
    clock: systemClock,
    random: systemRandom,
    commit: (entries) => store.commit(entries),
    hashPassword,
    sealSecret: (context, secret) => state.sealSecret(context, secret),
    openSecret: (context, sealed) => state.openSecret(context, sealed),
    createServiceRole: serviceRoleCreation(state.iam, client),
    digestKey: state.digestKey,
    region,
    accountId,
    hasInstanceLimits: settings.hasInstanceLimits,
    keyCheckMs: settings.keyCheckSeconds * 1000,
    keyEffectDelayMs: settings.keyEffectDelaySeconds * 1000,
    keyGraceMs: (settings.remoteKms?.graceSeconds ?? 0) * 1000,
    remoteKms: remote,
    report: reports.report,
    failureEntries: (...of) => volumeEventEntries(state.trail, systemClock, location, ...of),
    upgradeEntries: (...of) => upgradeEventEntries(state.trail, systemClock, location, ...of),
    log: (...of) => reports.log(...of),
    loginFailed: (...of) => reports.loginFailed(...of),
    accessed: (...of) => reports.accessed(...of),
  });
  services.add(kmsService(kms));
  if (remote) services.add(remoteKmsService(remote));
  kms.onKeyChanged((arn) => control.supervisor.keyChanged(arn.slice(arn.lastIndexOf('/') + 1)));
  const failed = (error: unknown) => log.error({ err: error }, 'log-ins could not be recorded');
  const accessEvents = new AccessEvents({ state, location, settings, trails, failed });
  refusals.record = (logins) => accessEvents.failedLogins(logins);
  reports.recordAccess = (...of) => accessEvents.brokerAccess(...of);
  return { control, client, engines, services, hooks };
}

/**
 * Composes the engine.
 *
 * @param access how clients reach the listeners of brokers
 * @param certificates returns the certificates of a broker, and issues missing ones
 */
export function composeEngine(
  settings: Settings,
  state: Pick<SystemState, 'certificates'>,
  access: ListenerAccess,
  certificates: (brokerId: string) => Promise<readonly ServerCertificate[]>,
): WaxwingEngine {
  return new WaxwingEngine({
    folder: brokersFolder(settings.folder),
    host: settings.host,
    access,
    amqpsPort: settings.amqpsPort,
    brokerPorts: settings.brokerPorts,
    servicePorts: [...settings.publicAccess.sharedPorts.values()],
    hasTlsParity: settings.hasTlsParity,
    hasInstanceLimits: settings.hasInstanceLimits,
    ldap: { port: settings.ldapPort, authoritiesFile: settings.ldapCaFile },
    shovelAuthorities: () =>
      [state.certificates.brokerAuthority, settings.shovelAuthorities ?? ''].join('\n'),
    // Brokers verify the web identity tokens of this service with the keys at its API.
    oidcAuthorities: () =>
      [state.certificates.apiAuthority, settings.oidcAuthorities ?? ''].join('\n'),
    arnFolder: settings.arnFolder,
    room: {
      memoryBytesMax: settings.memoryLimitMib && settings.memoryLimitMib * mib,
      diskReserveBytes: settings.diskReserveMib * mib,
    },
    certificates,
  });
}

function hooksOf(state: SystemState, accountId: string, log: ServiceLog): PipelineHooks {
  const { store, trail, serviceTrail, iam } = state;
  const authoriser = new CallAuthoriser(iam.policies, iam.messages);
  return {
    authorise: (permissions, context) => authoriser.authorise(permissions, context),
    record: (call) => [
      ...usesOf(iam.journal, call).map(asChange),
      ...state.kms.lastUses
        .note(call)
        .map((change) => ({ journal: state.kms.journal.name, change })),
      // The use of service-owned keys is recorded in the service's own trail.
      ...(call.accountId === accountId ? trail : serviceTrail).chain(
        eventRecord(call, iam.journal.account.alias),
        call.atMs,
      ),
    ],
    commit: (batch) => store.commit(batch),
    callerWarning: rootWarning(iam),
    onUnexpectedError: (error, { requestId }) =>
      log.error({ requestId, err: error }, 'a call failed'),
  };
}
