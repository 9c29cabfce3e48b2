import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { packageFolder } from '../../src/base/package-folder.ts';
import { commandsOf, isUnknown } from '../documents/command-lines.ts';
import { readPage } from '../documents/markdown.ts';
import { findHelm } from '../support/helm.ts';
import { findPrograms } from '../support/other-programs.ts';
import { isLong } from '../support/proof.ts';

// The chart and the manifests, against the schemas of Kubernetes. Helm itself renders the chart in the
// long run, or where it is installed.

const folder = join(packageFolder, 'packaging');
const chart = join(folder, 'helm', 'waxwing');
const plain = join(folder, 'kubernetes', 'waxwing.yaml');
const cluster = join(folder, 'kubernetes', 'rabbitmq-cluster');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const documents = (text: string): Manifest[] =>
  parseAllDocuments(text).flatMap((document) => {
    assert.deepEqual(document.errors, []);
    const value = document.toJSON() as Manifest | null;
    return value === null ? [] : [value];
  });
const fileOf = (path: string) => documents(readFileSync(path, 'utf8'));

/** Kinds that Kubernetes itself does not have, or that never are in its API. */
const isForeign = ({ apiVersion }: Manifest) =>
  /^(rabbitmq\.com|cert-manager\.io|monitoring\.coreos\.com|apiserver\.config\.k8s\.io)\//.test(
    apiVersion,
  );

/** Checks required fields, types and formats. */
async function validate(manifests: readonly Manifest[]): Promise<void> {
  for (const manifest of manifests) {
    if (isForeign(manifest)) continue;
    const models = (await import(`kubernetes-models/${manifest.apiVersion}`)) as Record<
      string,
      new (
        of: unknown,
      ) => { validate(): void }
    >;
    const Model = models[manifest.kind];
    assert.ok(Model, `${manifest.apiVersion} has no ${manifest.kind}`);
    try {
      new Model(manifest).validate();
    } catch (error) {
      assert.fail(`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`);
    }
  }
}

/** Has the compiler look for fields that Kubernetes does not know. */
function refuseUnknownFields(manifests: readonly Manifest[]): string {
  const cache = join(packageFolder, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const place = mkdtempSync(join(cache, 'waxwing-manifests-'));
  try {
    const lines = manifests
      .filter((manifest) => !isForeign(manifest))
      .map(({ apiVersion, kind, ...rest }, index) => {
        const type = `import('kubernetes-models/${apiVersion}').I${kind}`;
        const value = JSON.stringify({ apiVersion, kind, ...rest });
        return `export const m${index}: ${type} = ${value};\n`;
      });
    writeFileSync(join(place, 'manifests.mts'), lines.join(''));
    const options = ['--module', 'nodenext', '--skipLibCheck', '--strict', '--noEmit'];
    const compiler = join(packageFolder, 'node_modules', '.bin', 'tsc');
    const run = spawnSync(compiler, [...options, '--ignoreConfig', 'manifests.mts'], {
      cwd: place,
      encoding: 'utf8',
    });
    return run.stdout;
  } finally {
    rmSync(place, { recursive: true });
  }
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: Record<string, unknown>;
  readonly containers: readonly {
    readonly securityContext: unknown;
    readonly env: readonly { readonly name: string; readonly value: string }[];
  }[];
}

function podOf(manifests: readonly Manifest[]): PodSpec {
  const found = manifests.find(({ kind }) => kind === 'StatefulSet') as
    | (Manifest & { spec: { template: { spec: PodSpec } } })
    | undefined;
  assert.ok(found);
  return found.spec.template.spec;
}

/** That the pod may run in a namespace with the Pod Security Standard `restricted`. */
function assertRestricted(pod: PodSpec): void {
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(pod.securityContext['runAsNonRoot'], true);
  assert.equal(pod.securityContext['runAsUser'], 65_532);
  assert.deepEqual(pod.securityContext['seccompProfile'], { type: 'RuntimeDefault' });
  for (const { securityContext } of pod.containers) {
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
}

test('the plain manifests are valid, and their pod is restricted', async () => {
  const manifests = fileOf(plain);
  assert.deepEqual(
    manifests.map(({ kind }) => kind),
    ['NetworkPolicy', 'ServiceAccount', 'Service', 'Service', 'StatefulSet'],
  );
  await validate(manifests);
  assertRestricted(podOf(manifests));
});

test('the manifests for a cluster of RabbitMQ are valid', async () => {
  const manifests = readdirSync(cluster).flatMap((name) => fileOf(join(cluster, name)));
  assert.deepEqual(
    new Set(manifests.filter(isForeign).map(({ kind }) => kind)),
    new Set(['Issuer', 'Certificate', 'RabbitmqCluster', 'EncryptionConfiguration']),
  );
  await validate(manifests);
});

test('a wrong manifest is refused', async () => {
  const wrong = structuredClone(fileOf(plain)) as (Manifest & { spec: { replicas: unknown } })[];
  const set = wrong.find(({ kind }) => kind === 'StatefulSet');
  assert.ok(set);
  set.spec.replicas = 'one';
  await assert.rejects(validate(wrong), /StatefulSet waxwing: .*spec\/replicas must be integer/);
});

test('the chart has the version of the program, and names its options', () => {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const about = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'));
  assert.equal(about.appVersion, version);
  const commands = readFileSync(join(packageFolder, 'docs/reference/commands.md'), 'utf8');
  const [, serving = ''] = commands.split(/^## `waxwing serve`$/m);
  const [table = ''] = serving.split(/^## /m);
  const options = [...table.matchAll(/^\| `--([\w-]+)[^|]*\| `WAXWING_/gm)].map(([, name]) => name);
  assert.ok(options.length > 50);
  const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'));
  const named: string[] = schema.properties.settings.propertyNames.enum;
  // Values of their own, or without sense in a pod.
  const others =
    /^(data|host|public-host|api-port|broker-ports|tls-(certificate|key.*)|acme-(directory|email|agree-tos|http-port)|shared-ports|proxy-protocol|no-default-broker|hosts-port|node-address|host-lease-seconds|replace-lost-hosts-after|zone)$/;
  assert.deepEqual(named, options.filter((name = '') => !others.test(name)).sort());
});

const helm = await findHelm();
const withHelm = { skip: typeof helm === 'string' ? false : helm.why };
const inLongRun = { skip: withHelm.skip || (!isLong && 'in the long run') };

const passphrase = 'rootKey.passphrase.secretName=waxwing-root-key';

function rendered(...settings: readonly string[]): string {
  const set = settings.flatMap((each) => ['--set', each]);
  const all = ['template', 'waxwing', chart, '-n', 'waxwing', ...set];
  return execFileSync(String(helm), all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function refusal(...settings: readonly string[]): string {
  try {
    return rendered(...settings);
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

test('Helm makes the plain manifests', withHelm, () => {
  const text = readFileSync(plain, 'utf8');
  assert.equal(text.slice(text.indexOf('---\n')), rendered(passphrase));
});

const everything = [
  'rootKey.keyFile.secretName=root',
  'publicHosts={mq.example.com}',
  'brokers.createDefault=false',
  'brokers.sharedPorts.amqps=5671',
  'brokers.sharedPorts.management=443',
  'proxyProtocol={10.0.0.0/8}',
  'settings.log-level=info',
  'settings.instance-limits=true',
  'externalService.enabled=true',
  'externalService.exposesApi=true',
  'externalService.loadBalancerSourceRanges={192.0.2.0/24}',
  'networkPolicy.egress[0].to[0].ipBlock.cidr=192.0.2.7/32',
  'serviceMonitor.enabled=true',
  'serviceMonitor.tokenSecret.name=token',
  'serviceMonitor.caSecret.name=ca',
  'podDisruptionBudget.enabled=true',
  'persistence.storageClass=fast',
  'hostUsers=false',
  'nodeSelector.disk=ssd',
  'extraEnvFrom[0].secretRef.name=aws',
];

test('Helm renders all settings to valid manifests without unknown fields', inLongRun, async () => {
  const acme = ['directory=https://ca.example/d', 'email=a@example.com', 'agreeTos=true'];
  const variants = [
    [passphrase],
    [...everything, 'tls.secretName=mq-tls'],
    [...everything, ...acme.map((each) => `tls.acme.${each}`)],
    ['rootKey.source=aws-kms:arn:aws:kms:eu-central-1:111122223333:key/k'],
  ].map((settings) => documents(rendered(...settings)));
  for (const manifests of variants) {
    await validate(manifests);
    assertRestricted(podOf(manifests));
  }
  assert.equal(refuseUnknownFields(variants.flat()), '');
  const [first] = variants;
  assert.ok(first);
  const wrong = first.map((manifest) => ({ ...manifest, bogus: 1 }));
  assert.match(refuseUnknownFields(wrong), /'"bogus"' does not exist in type 'IStatefulSet'/);
  execFileSync(String(helm), ['lint', '--strict', '--quiet', chart, '--set', passphrase]);
});

/** The settings of a command of Helm in the guide. */
function settingsOf(command: 'install' | 'upgrade'): string[] {
  const { blocks } = readPage('docs/guides/kubernetes.md');
  const found = blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => commandsOf(text))
    .find(({ words }) => words[0] === 'helm' && words[1] === command);
  assert.ok(found);
  return found.words.filter((_, at) => found.words[at - 1] === '--set');
}

test('kubectl accepts the commands of the guide, but for the cluster', {
  skip: !isLong && 'in the long run',
}, async (t) => {
  const versionArguments = ['version', '--client'];
  const found = await findPrograms({
    name: 'kubectl',
    versionArguments,
    package: 'kubernetes-client',
  });
  if (typeof found === 'string') return t.skip(found);
  const commands = readPage('docs/guides/kubernetes.md')
    .blocks.filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => commandsOf(text))
    .filter(({ words }) => words[0] === 'kubectl');
  assert.ok(commands.length > 5);
  const place = mkdtempSync(join(tmpdir(), 'waxwing-kubectl-'));
  t.after(() => rmSync(place, { recursive: true }));
  symlinkSync(folder, join(place, 'packaging'));
  writeFileSync(join(place, 'passphrase'), 'a passphrase of the test');
  for (const { words } of [...commands, { words: ['kubectl', 'apply', '--no-such-option'] }]) {
    const args = ['--server=http://127.0.0.1:1', '--request-timeout=5s', ...words.slice(1)];
    const known = args.map((each) =>
      isUnknown(each) ? 'status' : each.replace('/dev/stdin', 'passphrase'),
    );
    const env = { PATH: process.env['PATH'], KUBECONFIG: '/dev/null', HOME: '/nonexistent' };
    const options = { env, cwd: place, input: 'x' };
    const stderr: string = String(spawnSync(found[0]?.path ?? '', known, options).stderr);
    const isRight = /127\.0\.0\.1:1\b.* refused/.test(stderr);
    assert.equal(isRight, !words.includes('--no-such-option'), `${words.join(' ')}: ${stderr}`);
  }
});

test('Helm renders the settings that the guide shows', inLongRun, async () => {
  const install = settingsOf('install');
  for (const settings of [install, [...install, ...settingsOf('upgrade')]]) {
    const manifests = documents(rendered(...settings));
    await validate(manifests);
    assertRestricted(podOf(manifests));
  }
});

test(
  'Helm passes settings to the program, and names of the cluster not to an authority',
  withHelm,
  () => {
    const environment = (...settings: readonly string[]) =>
      Object.fromEntries(
        podOf(documents(rendered(...settings))).containers.flatMap(({ env }) =>
          env.map(({ name, value }) => [name, value]),
        ),
      );
    const all = environment(...everything, 'tls.secretName=mq-tls');
    const inside = 'waxwing.waxwing.svc,waxwing.waxwing.svc.cluster.local';
    assert.equal(all['WAXWING_PUBLIC_HOST'], `mq.example.com,${inside}`);
    assert.equal(all['WAXWING_SHARED_PORTS'], 'amqps=5671,management=443');
    assert.equal(all['WAXWING_LOG_LEVEL'], 'info');
    assert.equal(all['WAXWING_INSTANCE_LIMITS'], 'true');
    const acme = ['directory=https://ca.example/d', 'email=a@example.com', 'agreeTos=true'];
    const ordered = environment(...everything, ...acme.map((each) => `tls.acme.${each}`));
    assert.equal(ordered['WAXWING_PUBLIC_HOST'], 'mq.example.com');
  },
);

test('Helm refuses settings that do not fit, and says what was expected', inLongRun, () => {
  assert.match(refusal(), /rootKey has 0 sources; expected exactly one/);
  assert.match(refusal(passphrase, 'rootKey.keyFile.secretName=k'), /rootKey has 2 sources/);
  const cases: readonly (readonly [setting: string, message: RegExp])[] = [
    ['replicas=2', /'\/replicas'|replicas/],
    ['bogus=1', /'bogus' not allowed/],
    ['settings.data=/elsewhere', /invalid propertyName 'data'/],
    ['rootKey.source=file:/x', /rootKey\/source/],
    ['brokers.ports.last=5671', /brokers\.ports has 1 ports \(5671 to 5671\); expected 2 to 100/],
    ['brokers.ports.last=6000', /brokers\.ports has 330 ports/],
    ['brokers.sharedPorts.amqps=5671', /sharedPorts is set without publicHosts/],
    ['brokers.sharedPorts.telnet=23', /invalid propertyName 'telnet'/],
    ['service.apiPort=5680', /port 5680 is a port of brokers and of the API/],
    ['tls.secretName=x', /tls is set without publicHosts/],
    ['tls.acme.directory=https://ca.example', /tls\.acme\.agreeTos is false/],
    ['serviceMonitor.enabled=true', /needs tokenSecret\.name and caSecret\.name/],
    ['proxyProtocol={all}', /proxyProtocol\/0/],
  ];
  for (const [setting, message] of cases) assert.match(refusal(passphrase, setting), message);
});
