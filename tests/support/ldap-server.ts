// An LDAP server: Debian's slapd.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'ldapts';
import { systemClock } from '../../src/base/clock.ts';
import {
  type Certificate,
  createAuthority,
  issueServerCertificate,
} from '../../src/crypto/authority.ts';
import { type DirectorySettings, directoryLimits } from '../../src/ldap/settings.ts';
import { until } from './processes.ts';

const run = promisify(execFile);

const suffix = 'dc=example,dc=com';
const people = `ou=people,${suffix}`;
const groups = `ou=groups,${suffix}`;

/** The account that searches, and its password. */
export const service = { name: `cn=service,${suffix}`, password: 'canary-service-password' };

/** The account of the test, which may change everything. */
const root = { name: `cn=root,${suffix}`, password: 'password of the test' };

/** The password of each user: its name comes first. */
export const passwordOf = (user: string) => `${user} has this canary-password`;

/** A user whose name consists of characters with a meaning in filters and names of entries. */
export const oddUser = 'a*(b)\\c, d=e+';

/** The users, by the unit that contains them. */
const users: readonly (readonly [uid: string, unit: string])[] = [
  ['amy', people],
  ['bob', people],
  ['eve', people],
  [oddUser, people],
  ['deep', `ou=inner,${people}`],
  ['twin', `ou=inner,${people}`],
  ['twin', `ou=other,${people}`],
];

/** The groups with their members. */
const members = {
  admins: ['amy'],
  staff: ['amy', 'bob', oddUser, 'deep'],
  'amazonmq-console-admins': ['eve'],
} as const;

/** The entry below which the permissions on destinations of a kind are. */
export const permissionBase = (kind: 'queues' | 'topics' | 'temporary') => `ou=${kind},${suffix}`;

const group = (name: string) => `cn=${name},${groups}`;

/** The permissions: the destination, the right, and the names of the members. */
const permissions: readonly (readonly [
  kind: 'queues' | 'topics' | 'temporary',
  destination: string,
  right: string,
  members: readonly string[],
])[] = [
  ['queues', '$', 'admin', [group('admins'), 'cn=nobody,ou=nowhere']],
  ['queues', '$', 'read', [group('admins')]],
  ['queues', '$', 'write', [group('admins')]],
  ['queues', 'staff.$', 'write', [group('staff'), `uid=eve,${people}`]],
  ['queues', 'staff.$', 'admin', [group('staff'), `uid=eve,${people}`]],
  ['topics', 'news.*', 'read', [group('staff')]],
  ['temporary', '', 'admin', [group('staff')]],
];

function nameOf(uid: string): string {
  const unit = users.find(([name]) => name === uid)?.[1] ?? people;
  return `uid=${uid.replaceAll(/[\\,+=]/g, String.raw`\$&`)},${unit}`;
}

/** A name of every server, because names without one are compared as such. */
const commonName = 'ldap.test';

/** An authority for LDAP servers, which permits the addresses of this machine. */
export class LdapAuthority {
  readonly #authority: Certificate;

  private constructor(authority: Certificate) {
    this.#authority = authority;
  }

  /** @param more names of servers that it permits, too */
  static async create(...more: string[]): Promise<LdapAuthority> {
    const hosts = [commonName, ...more, '127.0.0.1', '127.0.0.2'];
    return new LdapAuthority(await createAuthority('LDAP', hosts, systemClock.nowMs()));
  }

  /** PEM. */
  get certificate(): string {
    return this.#authority.certificate;
  }

  issue(host: string): Promise<Certificate> {
    return issueServerCertificate(this.#authority, 'rsa', [commonName, host], systemClock.nowMs());
  }
}

/** A port that is free on both addresses of {@link LdapServer}. */
export async function freeLdapPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server has a port
  server.close();
  await once(server, 'close');
  return port;
}

/** One slapd with the users and groups of {@link entries}, on LDAP over TLS only. */
export class LdapServer {
  readonly host: string;
  readonly port: number;
  readonly #authority: LdapAuthority;
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxwing-ldap-'));
  #process: ChildProcess | undefined = undefined;

  private constructor(host: string, port: number, authority: LdapAuthority) {
    this.host = host;
    this.port = port;
    this.#authority = authority;
  }

  /** Starts a server on an address of this machine. */
  static async start(host: string, port: number, authority: LdapAuthority): Promise<LdapServer> {
    const server = new LdapServer(host, port, authority);
    await server.#prepare();
    await server.start();
    return server;
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  async #prepare(): Promise<void> {
    const { certificate, privateKey } = await this.#authority.issue(this.host);
    writeFileSync(this.#path('ca.pem'), this.#authority.certificate);
    writeFileSync(this.#path('server.pem'), certificate);
    writeFileSync(this.#path('key.pem'), privateKey, { mode: 0o600 });
    mkdirSync(this.#path('data'));
    writeFileSync(this.#path('slapd.conf'), this.#configuration());
    writeFileSync(this.#path('entries.ldif'), entries());
    const files = ['-f', this.#path('slapd.conf'), '-l', this.#path('entries.ldif')];
    await run('/usr/sbin/slapadd', files);
  }

  /** Empty passwords are accepted without a check (`bind_anon_dn`), as by some servers. */
  #configuration(): string {
    return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
allow bind_anon_cred bind_anon_dn
pidfile ${this.#path('slapd.pid')}
TLSCACertificateFile ${this.#path('ca.pem')}
TLSCertificateFile ${this.#path('server.pem')}
TLSCertificateKeyFile ${this.#path('key.pem')}
database mdb
suffix "${suffix}"
rootdn "${root.name}"
rootpw "${root.password}"
directory ${this.#path('data')}
maxsize 16777216
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${service.name}" read by * none
`;
  }

  /** Starts it again after {@link stop}. */
  async start(): Promise<void> {
    const url = `ldaps://${this.host}:${this.port}/`;
    const options = ['-h', url, '-f', this.#path('slapd.conf'), '-d', '0'];
    const child = spawn('/usr/sbin/slapd', options, { stdio: 'ignore' });
    this.#process = child;
    process.once('exit', () => child.kill('SIGKILL'));
    await until('slapd listens', () => {
      if (child.exitCode !== null) throw new Error(`slapd ended with ${child.exitCode}`);
      return isListening(this.host, this.port);
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  /** Ends it and removes its files. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Changes entries as the account of the test. */
  async change(act: (client: Client) => Promise<void>): Promise<void> {
    const tlsOptions = { ca: this.#authority.certificate };
    const client = new Client({ url: `ldaps://${this.host}:${this.port}`, tlsOptions });
    await client.bind(root.name, root.password);
    await act(client);
    await client.unbind();
  }

  /** Deletes the entry of a user. */
  async deleteUser(uid: string): Promise<void> {
    await this.change((client) => client.del(nameOf(uid)));
  }
}

async function isListening(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

/** The content of the servers, in LDIF. */
function entries(): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const blocks: string[][] = [
    [`dn: ${suffix}`, 'objectClass: dcObject', 'objectClass: organization', 'dc: example', 'o: e'],
  ];
  const units = (['queues', 'topics', 'temporary'] as const).map(permissionBase);
  for (const name of [people, groups, `ou=inner,${people}`, `ou=other,${people}`, ...units]) {
    const unit = /^ou=(\w+)/.exec(name)?.[1];
    blocks.push([`dn: ${name}`, 'objectClass: organizationalUnit', `ou: ${unit}`]);
  }
  const person = (dn: string, password: string, more: readonly string[]) =>
    blocks.push([
      `dn:: ${base64(dn)}`,
      ...['objectClass: inetOrgPerson', 'cn: x', 'sn: x', ...more],
      `userPassword: ${password}`,
    ]);
  person(service.name, service.password, ['cn: service']);
  for (const [uid, unit] of users) {
    const dn = nameOf(uid).replace(/,ou=.*/, `,${unit}`);
    const own = uid === 'eve' ? ['title: eves group', 'title: another'] : [];
    person(dn, passwordOf(uid), [`uid:: ${base64(uid)}`, ...own]);
  }
  const groupEntry = (dn: string, name: string, all: readonly string[]) => {
    const lines = all.map((member) => `member:: ${base64(member)}`);
    blocks.push([`dn: ${dn}`, 'objectClass: groupOfNames', `cn: ${name}`, ...lines]);
  };
  for (const [name, all] of Object.entries(members)) {
    groupEntry(group(name), name, all.map(nameOf));
  }
  for (const [unit, destination, right, all] of permissions) {
    const above = destination === '' ? '' : `cn=${destination},`;
    const base = `${above}${permissionBase(unit)}`;
    const known = blocks.some(([line]) => line === `dn: ${base}`);
    if (!known)
      blocks.push([`dn: ${base}`, 'objectClass: applicationProcess', `cn: ${destination}`]);
    groupEntry(`cn=${right},${base}`, right, all);
  }
  return blocks.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

/** How the users and groups are found; members as in `ldapServerMetadata`, with lower-case names. */
export const searches = {
  roleBase: groups,
  roleName: 'cn',
  roleSearchMatching: '(member={0})',
  roleSearchSubtree: true,
  userBase: people,
  userSearchMatching: '(uid={0})',
  userSearchSubtree: true,
} as const;

/** The settings of a {@link Directory} for these servers. */
export function directoryOf(
  authority: LdapAuthority,
  servers: readonly Pick<LdapServer, 'host' | 'port'>[],
  changes: Partial<DirectorySettings> = {},
): DirectorySettings {
  return {
    hosts: servers.map(({ host }) => host),
    port: servers[0]?.port ?? 0,
    authorities: authority.certificate,
    serviceAccount: service,
    users: { base: people, filter: searches.userSearchMatching, isSubtree: true },
    userGroupAttribute: null,
    groups: { base: groups, filter: searches.roleSearchMatching, isSubtree: true },
    groupNameAttribute: 'cn',
    ...changes,
  };
}

/** The limits of requests, with a time that no slow machine reaches. */
export const patientLimits = { ...directoryLimits, hostTimeoutMs: 60_000 };
